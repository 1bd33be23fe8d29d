//! The tables, as Diesel sees them.

diesel::table! {
    keks (kek_id) {
        kek_id -> Text,
        check_value -> Binary,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    workspace_keys (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        kek_id -> Text,
        wrapped -> Binary,
        wraps -> Int8,
        active -> Bool,
        created_at -> Timestamptz,
    }
}

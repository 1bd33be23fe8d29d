//! The tables as Diesel sees them. Generated from the migrations; a test compares the two, and says how to renew it.

diesel::table! {
    agent_actions (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        agent_id -> Uuid,
        integration -> Text,
        action -> Text,
        credentials -> Text,
        requires_confirmation -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    agent_shares (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        agent_id -> Uuid,
        grantee_user -> Nullable<Uuid>,
        grantee_group -> Nullable<Uuid>,
        grantee_workspace -> Nullable<Bool>,
        access -> Text,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    agents (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        owner_id -> Uuid,
        name -> Text,
        description -> Text,
        instructions -> Text,
        enabled -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    api_tokens (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        name -> Text,
        token_hash -> Binary,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    audit_events (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        at -> Timestamptz,
        actor_id -> Nullable<Uuid>,
        via -> Text,
        action -> Text,
        object_kind -> Text,
        object_id -> Text,
        connection_id -> Nullable<Uuid>,
        detail -> Jsonb,
        ip -> Nullable<Text>,
    }
}

diesel::table! {
    bindings (workspace_id, agent_action_id) {
        workspace_id -> Uuid,
        agent_action_id -> Uuid,
        connection_id -> Nullable<Uuid>,
        connection_auth -> Nullable<Text>,
        connection_owner -> Nullable<Uuid>,
        attached_by -> Uuid,
        attached_at -> Timestamptz,
        approved_fingerprint -> Binary,
        broken_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    connection_choices (workspace_id, user_id, agent_id, integration) {
        workspace_id -> Uuid,
        user_id -> Uuid,
        agent_id -> Uuid,
        integration -> Text,
        connection_id -> Uuid,
        chosen_at -> Timestamptz,
    }
}

diesel::table! {
    connection_secrets (workspace_id, connection_id, purpose) {
        workspace_id -> Uuid,
        connection_id -> Uuid,
        purpose -> Text,
        version -> Int8,
        sealed -> Binary,
    }
}

diesel::table! {
    connection_shares (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        connection_id -> Uuid,
        connection_auth -> Text,
        grantee_user -> Nullable<Uuid>,
        grantee_group -> Nullable<Uuid>,
        grantee_workspace -> Nullable<Bool>,
        access -> Text,
        expires_at -> Nullable<Timestamptz>,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    connections (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        owner_id -> Uuid,
        integration -> Text,
        auth_type -> Text,
        name -> Text,
        status -> Text,
        status_reason -> Nullable<Text>,
        account -> Nullable<Text>,
        scopes -> Array<Text>,
        origins -> Array<Text>,
        token_version -> Int8,
        access_expires_at -> Nullable<Timestamptz>,
        refresh_lease -> Nullable<Uuid>,
        refresh_lease_until -> Nullable<Timestamptz>,
        failed_version -> Nullable<Int8>,
        client_generation -> Int4,
        created_at -> Timestamptz,
        last_used_at -> Nullable<Timestamptz>,
        suspended_from -> Nullable<Text>,
        renew_at -> Nullable<Timestamptz>,
        tenant -> Nullable<Text>,
    }
}

diesel::table! {
    custom_integrations (workspace_id, key) {
        workspace_id -> Uuid,
        key -> Text,
        document -> Text,
        digest -> Binary,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    fan_outs (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        subject -> Text,
        subject_id -> Uuid,
        share_id -> Uuid,
        grantee_user -> Nullable<Uuid>,
        grantee_group -> Nullable<Uuid>,
        grantee_workspace -> Nullable<Bool>,
        actor_id -> Uuid,
        payload -> Jsonb,
        due_at -> Timestamptz,
        after_user -> Nullable<Uuid>,
    }
}

diesel::table! {
    group_beginnings (workspace_id, group_id, beginning) {
        workspace_id -> Uuid,
        group_id -> Uuid,
        beginning -> Text,
    }
}

diesel::table! {
    group_members (workspace_id, group_id, user_id) {
        workspace_id -> Uuid,
        group_id -> Uuid,
        user_id -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    groups (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    integration_grants (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        integration -> Text,
        grantee_user -> Nullable<Uuid>,
        grantee_group -> Nullable<Uuid>,
        action -> Text,
    }
}

diesel::table! {
    integration_settings (workspace_id, integration) {
        workspace_id -> Uuid,
        integration -> Text,
        enabled -> Bool,
        for_everyone -> Bool,
        oauth_client_id -> Nullable<Text>,
        oauth_client_secret -> Nullable<Binary>,
        oauth_client_generation -> Int4,
        misconfigured_reason -> Nullable<Text>,
        updated_at -> Timestamptz,
        restricted_actions -> Array<Text>,
        reserved_auth_types -> Array<Text>,
    }
}

diesel::table! {
    keks (kek_id) {
        kek_id -> Text,
        check_value -> Binary,
        created_at -> Timestamptz,
        retired_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    mails_off (workspace_id, user_id, kind) {
        workspace_id -> Uuid,
        user_id -> Uuid,
        kind -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    member_beginnings (workspace_id, user_id, beginning) {
        workspace_id -> Uuid,
        user_id -> Uuid,
        beginning -> Text,
    }
}

diesel::table! {
    memberships (workspace_id, user_id) {
        workspace_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        status -> Text,
        created_at -> Timestamptz,
        invited_by -> Nullable<Uuid>,
        last_seen_at -> Nullable<Timestamptz>,
        deactivated_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    oauth_flows (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        state_hash -> Binary,
        session_id -> Uuid,
        user_id -> Uuid,
        integration -> Text,
        reconnects -> Nullable<Uuid>,
        connection_name -> Text,
        client_generation -> Int4,
        verifier -> Nullable<Binary>,
        redirect_uri -> Text,
        authorize_url -> Text,
        token_url -> Text,
        issuer -> Nullable<Text>,
        scopes -> Array<Text>,
        return_to -> Jsonb,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        consumed_at -> Nullable<Timestamptz>,
        held_account -> Nullable<Text>,
        held_grant -> Nullable<Binary>,
        held_access -> Nullable<Binary>,
        held_expires_at -> Nullable<Timestamptz>,
        held_scopes -> Nullable<Array<Text>>,
    }
}

diesel::table! {
    one_time_links (token_hash) {
        token_hash -> Binary,
        user_id -> Uuid,
        purpose -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        mailed -> Bool,
    }
}

diesel::table! {
    outbox (id) {
        id -> Uuid,
        workspace_id -> Nullable<Uuid>,
        user_id -> Uuid,
        kind -> Text,
        dedupe_key -> Text,
        payload -> Jsonb,
        state -> Text,
        attempts -> Int4,
        next_at -> Timestamptz,
        lease_id -> Nullable<Uuid>,
        lease_until -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        created_at -> Timestamptz,
        sent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    process_keys (process_id) {
        process_id -> Uuid,
        name -> Text,
        kek_ids -> Array<Text>,
        active -> Text,
        started_at -> Timestamptz,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    refresh_pauses (workspace_id, bucket) {
        workspace_id -> Uuid,
        bucket -> Text,
        failures -> Int4,
        until -> Timestamptz,
    }
}

diesel::table! {
    removed_connection_shares (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        connection_id -> Uuid,
        connection_auth -> Text,
        grantee_user -> Nullable<Uuid>,
        grantee_group -> Nullable<Uuid>,
        grantee_workspace -> Nullable<Bool>,
        access -> Text,
        expires_at -> Nullable<Timestamptz>,
        created_by -> Uuid,
        created_at -> Timestamptz,
        removed_by -> Uuid,
        removed_at -> Timestamptz,
    }
}

diesel::table! {
    revocations (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        connection_id -> Uuid,
        integration -> Text,
        version -> Int8,
        origins -> Array<Text>,
        sealed -> Binary,
        attempts -> Int4,
        next_at -> Timestamptz,
        created_at -> Timestamptz,
        held_by -> Nullable<Uuid>,
        account -> Nullable<Text>,
    }
}

diesel::table! {
    role_permissions (workspace_id, role, permission) {
        workspace_id -> Uuid,
        role -> Text,
        permission -> Text,
    }
}

diesel::table! {
    run_drafts (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        agent_action_id -> Uuid,
        input -> Jsonb,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    runs (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        agent_id -> Uuid,
        agent_action_id -> Uuid,
        integration -> Text,
        action -> Text,
        effect -> Text,
        credentials -> Text,
        connection_id -> Nullable<Uuid>,
        connection_owner -> Nullable<Uuid>,
        status -> Text,
        detail -> Nullable<Text>,
        input -> Jsonb,
        idempotency_key -> Nullable<Text>,
        request_fingerprint -> Nullable<Binary>,
        request_line -> Nullable<Text>,
        response_status -> Nullable<Int4>,
        response_headers -> Nullable<Jsonb>,
        response_body -> Nullable<Binary>,
        response_cut -> Bool,
        started_at -> Timestamptz,
        deadline_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        duration_ms -> Nullable<Int8>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        key_hash -> Binary,
        user_id -> Nullable<Uuid>,
        state -> Jsonb,
        ip -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    throttles (bucket) {
        bucket -> Text,
        failures -> Int4,
        since -> Timestamptz,
        blocked_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        name -> Text,
        password_hash -> Nullable<Text>,
        created_at -> Timestamptz,
        verified_at -> Nullable<Timestamptz>,
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

diesel::table! {
    workspaces (id) {
        id -> Uuid,
        slug -> Text,
        name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    agent_actions,
    agent_shares,
    agents,
    api_tokens,
    audit_events,
    bindings,
    connection_choices,
    connection_secrets,
    connection_shares,
    connections,
    custom_integrations,
    fan_outs,
    group_beginnings,
    group_members,
    groups,
    integration_grants,
    integration_settings,
    keks,
    mails_off,
    member_beginnings,
    memberships,
    oauth_flows,
    one_time_links,
    outbox,
    process_keys,
    refresh_pauses,
    removed_connection_shares,
    revocations,
    role_permissions,
    run_drafts,
    runs,
    sessions,
    throttles,
    users,
    workspace_keys,
    workspaces,
);

//! The migrations: they go up, down and up again, and `src/db/schema.rs` says what they make.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Bool;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;
use odeus::db::MIGRATIONS;

use crate::support::database;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    udt_name: String,
    #[diesel(sql_type = Bool)]
    is_nullable: bool,
    #[diesel(sql_type = Bool)]
    is_key: bool,
}

const COLUMNS: &str = "
    SELECT c.table_name::text, c.column_name::text AS name, c.udt_name::text, c.is_nullable = 'YES' AS is_nullable,
        EXISTS (SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
                WHERE i.indisprimary AND i.indrelid = format('%I.%I', c.table_schema, c.table_name)::regclass
                  AND a.attname = c.column_name) AS is_key
    FROM information_schema.columns c
    WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_\\_%'
    ORDER BY c.table_name, c.ordinal_position";

#[test]
fn the_schema_in_the_source_is_what_the_migrations_make() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db/schema.rs");

    let generated = schema(&mut database().conn());

    let committed = fs::read_to_string(&path).unwrap();
    if committed != generated {
        let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schema.rs");
        fs::write(&beside, &generated).unwrap();
        panic!("src/db/schema.rs is not what the migrations make; copy {} over it", beside.display());
    }
}

#[test]
fn the_migrations_go_up_down_and_up_again() {
    let database = database();
    let mut conn = database.conn();
    let before = schema(&mut conn);

    conn.revert_all_migrations(MIGRATIONS).unwrap();
    let empty = schema(&mut conn);
    conn.run_pending_migrations(MIGRATIONS).unwrap();

    assert!(!empty.contains("connections"), "{empty}");
    assert_eq!(schema(&mut conn), before);
}

#[test]
fn every_row_that_belongs_to_a_workspace_names_it_first() {
    let columns: Vec<Column> = diesel::sql_query(COLUMNS).load(&mut database().conn()).unwrap();
    let instance_wide =
        ["users", "sessions", "one_time_links", "throttles", "workspaces", "keks", "outbox", "process_keys"];

    let mut tables: BTreeMap<&str, Vec<&Column>> = BTreeMap::new();
    for column in &columns {
        tables.entry(&column.table_name).or_default().push(column);
    }

    for (table, columns) in tables {
        let names_it = columns.first().is_some_and(|first| first.name == "workspace_id" && first.is_key);
        assert!(names_it || instance_wide.contains(&table), "{table} should begin its key with workspace_id");
    }
}

fn schema(conn: &mut PgConnection) -> String {
    let columns: Vec<Column> = diesel::sql_query(COLUMNS).load(conn).unwrap();
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for column in columns {
        tables.entry(column.table_name.clone()).or_default().push(column);
    }
    let mut text = String::from(
        "//! The tables as Diesel sees them. Generated from the migrations; a test compares the two, and says how to renew it.\n",
    );
    for (table, columns) in &tables {
        let key: Vec<&str> = columns.iter().filter(|column| column.is_key).map(|column| column.name.as_str()).collect();
        write!(text, "\ndiesel::table! {{\n    {table} ({}) {{\n", key.join(", ")).unwrap();
        for column in columns {
            let kind = kind(&column.udt_name);
            let kind = if column.is_nullable { format!("Nullable<{kind}>") } else { kind.to_owned() };
            writeln!(text, "        {} -> {kind},", column.name).unwrap();
        }
        text.push_str("    }\n}\n");
    }
    text.push_str("\ndiesel::allow_tables_to_appear_in_same_query!(\n");
    for table in tables.keys() {
        writeln!(text, "    {table},").unwrap();
    }
    text.push_str(");\n");
    text
}

fn kind(udt: &str) -> &'static str {
    match udt {
        "uuid" => "Uuid",
        "text" => "Text",
        "bytea" => "Binary",
        "timestamptz" => "Timestamptz",
        "int4" => "Int4",
        "int8" => "Int8",
        "bool" => "Bool",
        "jsonb" => "Jsonb",
        "_text" => "Array<Text>",
        other => panic!("a column of type {other}: teach this test its name in Diesel"),
    }
}

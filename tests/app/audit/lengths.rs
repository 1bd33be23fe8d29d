//! However long the log is, a page reads as many rows as it shows and few more.

use diesel::Connection;
use diesel::QueryableByName;
use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use odeus::domain::audit::entries;
use odeus::domain::audit::entries::Filter;
use odeus::kernel::paging::Page;

use crate::audit::proof;
use crate::audit::write_runs;
use crate::support::TestApp;

#[derive(QueryableByName)]
struct Read {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// How many rows of the log this transaction has read so far, by Postgres' own count.
fn rows_read(tx: &mut PgConnection) -> i64 {
    sql_query(
        "SELECT (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint AS rows
         FROM pg_stat_xact_user_tables WHERE relname = 'audit_events'",
    )
    .get_result::<Read>(tx)
    .unwrap()
    .rows
}

#[tokio::test]
async fn a_page_of_a_long_log_reads_little_whatever_it_is_narrowed_to() {
    let app = TestApp::start();
    let conn = &mut app.conn();
    write_runs(conn, &app, 30_000);
    sql_query("ANALYZE audit_events").execute(conn).unwrap();
    let proof = proof(&app, conn);
    let first = entries::list(conn, &proof, &Filter::default(), &Page::default()).unwrap();
    let deep = first.next;
    let agent = first.items.iter().find_map(|entry| entry.agent).unwrap().to_string();
    let object = |id: &str| Filter { objects: vec![id.to_owned()], ..Filter::default() };
    let filters = [
        ("nothing", Filter::default()),
        ("a busy person", Filter { actor: Some(app.cast.max.id), ..Filter::default() }),
        ("a quiet person", Filter { actor: Some(app.cast.eve.id), ..Filter::default() }),
        ("a common kind", Filter { kind: Some("run".to_owned()), ..Filter::default() }),
        ("a rare kind", Filter { kind: Some("workspace".to_owned()), ..Filter::default() }),
        ("an agent", object(&agent)),
        ("nothing there is", object("nothing")),
        ("a connection", object("019a0000-0000-7000-8000-000000000000")),
        ("a time", Filter { until: Some(app.clock.now() - chrono::Duration::hours(7)), ..Filter::default() }),
    ];

    for (which, filter) in filters {
        for page in [Page::default(), Page::new(None, deep)] {
            let read = conn
                .transaction(|tx| {
                    let before = rows_read(tx);
                    entries::list(tx, &proof, &filter, &page)?;
                    diesel::QueryResult::Ok(rows_read(tx) - before)
                })
                .unwrap();
            assert!(read <= 200, "narrowed to {which}, a page reads {read} of 30000 rows");
        }
    }
}

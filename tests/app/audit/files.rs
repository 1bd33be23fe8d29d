//! The log as a file.

use serde_json::Value;

use crate::agent_pages::stage::Stage;
use crate::agent_pages::stage::agent;
use crate::audit::a_run;
use crate::audit::write_runs;
use crate::support::TestApp;

#[tokio::test]
async fn a_table_for_spreadsheets_has_a_row_for_each_entry() {
    let stage = Stage::start().await;
    a_run(&stage).await;

    let file = stage.ada().await.get("/w/acme/audit.csv?kind=run").await;

    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"audit-acme-"));
    let lines: Vec<&str> = file.body.split("\r\n").collect();
    assert!(lines[0].starts_with("at,actor,actor_id,via,action,sentence,"), "{}", file.body);
    assert!(lines[1].contains(",run.begun,Max Member ran See a contact through Sales assistant,run,"), "{}", lines[1]);
    assert_eq!(lines[2..], [""], "{}", file.body);
}

#[tokio::test]
async fn a_name_that_is_a_formula_is_not_computed() {
    let stage = Stage::start().await;
    agent(&stage.eve().await, "=HYPERLINK(\"https://evil.example\",\"x\")").await;

    let file = stage.ada().await.get("/w/acme/audit.csv?kind=agent").await;

    assert!(file.body.contains(r#","'=HYPERLINK(""https://evil.example"",""x"")","#), "{}", file.body);
    assert!(!file.body.contains(",=") && !file.body.contains(",\"="), "{}", file.body);
}

#[tokio::test]
async fn lines_of_json_are_what_the_api_lists() {
    let stage = Stage::start().await;
    a_run(&stage).await;
    let ada = stage.app.token(&stage.app.cast.ada);
    let listed = ada.get("/api/v1/audit?limit=100&kind=connection").await.json();

    let page = stage.ada().await.get("/w/acme/audit.jsonl?kind=connection").await;
    let call = ada.get("/api/v1/audit.jsonl?kind=connection").await;

    assert_eq!(page.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> = call.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::Array(lines), listed["items"]);
    assert_eq!(page.body, call.body);
}

#[tokio::test]
async fn a_file_longer_than_one_read_is_whole_and_in_order() {
    let app = TestApp::start();
    write_runs(&mut app.conn(), &app, 2_500);
    let ada = app.token(&app.cast.ada);

    let lines = ada.get("/api/v1/audit.jsonl?kind=run").await.body;
    let table = ada.get("/api/v1/audit.csv?kind=run").await.body;

    let times: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["at"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(times.len(), 2_500);
    assert!(times.is_sorted_by(|a, b| a > b), "newest first, none twice");
    assert_eq!(table.lines().count(), 2_501);
}

//! The report says what the record has, and nothing else.

mod synthetic;

use std::path::Path;

use comparison::{
    record::{Failure, Question, Record, Size},
    report::{self, method, words},
};

fn html(record: &Record) -> String {
    report::html(record).expect("a record can be shown")
}

/// What stands before the paragraph, and the paragraph.
fn top(html: &str) -> (&str, &str) {
    let (before, rest) = html.split_once(r#"<p class="says">"#).expect("there is a paragraph");
    (before, rest.split_once("</p>").expect("it ends").0)
}

#[test]
fn a_report_is_one_page_with_its_data_beside_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    let record = synthetic::record();
    let page = report::write(&record, &folder).unwrap();
    let html = std::fs::read_to_string(page).unwrap();
    for elsewhere in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!html.contains(elsewhere), "the page loads from elsewhere: {elsewhere}");
    }
    assert_eq!(Record::read(&folder.join("record.json")).unwrap(), record);
    let histograms: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("histograms.json")).unwrap()).unwrap();
    let id = "delivery/polling/rate=10,audience=100,delay=0,payload=100";
    let counts =
        histograms[id]["delivery"].as_array().unwrap().iter().map(|bucket| bucket[1].as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), 5 * 400, "five runs of 400 deliveries");
    let table = std::fs::read_to_string(folder.join("table.md")).unwrap();
    assert!(table.contains("| Raw WebSocket |"));
    assert!(table.contains("synthetic"), "the table says where it was measured");
}

#[test]
fn every_figure_of_the_paragraph_is_one_of_the_record() {
    let record = synthetic::record();
    let page = html(&record);
    let (_, paragraph) = top(&page);
    let mut figures = 0;
    for link in paragraph.split(r##"<a href="#"##).skip(1) {
        let (case, rest) = link.split_once(r#"" data-figure=""#).unwrap();
        let (name, rest) = rest.split_once(r#"">"#).unwrap();
        let said = rest.split_once("</a>").unwrap().0;
        let case = record.cases.iter().find(|it| it.id == case).unwrap();
        assert_eq!(said, words::figure(&case.figures[name]), "{name} of {}", case.id);
        assert!(page.contains(&format!(r#"<details id="{}">"#, case.id)), "the link leads somewhere");
        figures += 1;
    }
    assert!(figures >= 12, "{figures}");
}

#[test]
fn what_overlaps_is_no_difference() {
    let mut record = synthetic::record();
    let page = html(&record);
    let (_, apart) = top(&page);
    assert!(!apart.contains("no two can be told apart"));
    for case in &mut record.cases {
        if let Some(figure) = case.figures.get_mut("delivery_p50_us") {
            (figure.low, figure.high) = (1.0, 1e7);
        }
    }
    let page = html(&record);
    assert!(top(&page).1.contains("no two can be told apart"));
}

#[test]
fn lost_messages_stand_at_the_top() {
    let mut record = synthetic::record();
    assert!(!top(&html(&record)).0.contains("class=\"bad\""));
    record.cases[0].runs[0].accounting.lost = 3;
    let page = html(&record);
    let (before, paragraph) = top(&page);
    assert!(before.contains("Messages lost: polling"), "also where the program called it no failure");
    assert!(paragraph.contains("3 lost, doubled or reordered: the comparison failed"));
    record.failures.push(Failure {
        subject: "polling".into(),
        case: record.cases[0].id.clone(),
        repetition: 0,
        what: "3 of 500 deliveries were lost".into(),
    });
    assert!(top(&html(&record)).0.contains("Failed: polling"));
}

#[test]
fn half_a_record_says_so() {
    let mut record = synthetic::record();
    record.complete = false;
    let case = record.cases.iter_mut().find(|case| case.parameters.subject == "axum-ws").unwrap();
    case.runs.clear();
    case.figures.clear();
    let gone = case.id.clone();
    let page = html(&record);
    assert!(top(&page).0.contains("Stopped half-way"));
    assert!(page.contains("What was stopped half-way"));
    let half = page.split("What was stopped half-way").last().unwrap().split("id=\"cases\"").next().unwrap();
    assert!(half.contains(&gone));
}

#[test]
fn a_question_without_data_is_left_out_with_a_sentence() {
    let mut record = synthetic::record();
    assert!(!html(&record).contains("Not answered by this record"));
    record.cases.retain(|case| case.question != Question::SlowReader);
    let page = html(&record);
    assert!(!page.contains(r#"id="slow-reader""#));
    let rest = page.split_once("Not answered by this record").unwrap().1;
    assert!(rest.contains("How much memory does a client take that does not read?"));
}

#[test]
fn what_is_nothing_for_all_is_said_and_not_drawn() {
    let mut record = synthetic::record();
    for figure in
        record.cases.iter_mut().filter_map(|case| case.figures.get_mut("idle_octets_a_client_second"))
    {
        (figure.low, figure.median, figure.high) = (0.0, 0.0, 0.0);
    }
    let page = html(&record);
    assert!(!page.contains(r#"id="idle""#));
    assert!(page.contains("All came to 0: at 100 clients"));
}

#[test]
fn a_record_of_nothing_is_still_a_page() {
    let mut record = synthetic::record();
    record.cases.clear();
    record.control.clear();
    record.complete = false;
    let page = html(&record);
    assert!(page.contains("Not answered by this record"));
    assert!(!page.contains("NaN") && !page.contains("inf "));
}

#[test]
fn who_was_left_out_and_what_was_measured_once_is_said() {
    let mut record = synthetic::record();
    let page = html(&record);
    assert!(page.contains("Left out: </b>node is not installed"));
    assert!(page.contains("(one run)"));
    let once = "measured once, so that no difference can be told";
    assert!(!top(&page).1.contains(once));
    for case in &mut record.cases {
        case.figures.values_mut().for_each(|figure| figure.repetitions = 1);
    }
    assert!(top(&html(&record)).1.contains(once));
}

#[test]
fn a_quick_look_and_a_busy_machine_are_no_measurement() {
    let mut record = synthetic::record();
    record.size = Size::Quick;
    record.machine.load_average = 19.0;
    record.subjects[0].settings.insert("build".into(), "debug".into());
    let page = html(&record);
    assert!(top(&page).0.contains("1 server was not built for release"));
    assert!(top(&page).0.contains("A look, not a measurement"));
    assert!(top(&page).0.contains("The machine was busy"));
}

#[test]
fn each_fault_of_other_comparisons_is_answered_by_name() {
    let mut record = synthetic::record();
    let faults: Vec<_> = method::answers(&record).into_iter().map(|answer| answer.fault).collect();
    for fault in [
        "best of n",
        "one run",
        "mean without distribution",
        "closed loop",
        "slow client",
        "coarse clock",
        "unsynchronised clocks",
        "counting only what a browser shows",
        "a new connection for each poll",
        "other JSON, heartbeat, compression or buffers",
        "policy reported as protocol",
        "memory without the kernel’s",
        "debug builds",
        "TLS on one side only",
    ] {
        assert!(faults.contains(&fault), "{fault}");
    }
    let answer = |record: &Record, fault: &str| {
        method::answers(record).into_iter().find(|answer| answer.fault == fault).unwrap().answer
    };
    assert!(answer(&record, "debug builds").contains("“release” for 12 servers"));
    record.subjects[0].settings.insert("build".into(), "debug".into());
    assert!(answer(&record, "debug builds").contains("“debug” for 1 server"), "it says what is so");
    record.method.arrivals.clear();
    assert_eq!(answer(&record, "closed loop"), "The record does not say.");
    record
        .cases
        .iter_mut()
        .filter(|case| case.parameters.subject == "polling")
        .for_each(|case| case.parameters.tls = true);
    assert!(answer(&record, "TLS on one side only").contains("compare them with care"));
}

#[test]
fn what_leaves_its_theory_is_listed_to_be_explained() {
    let page = html(&synthetic::record());
    let departures = page.split_once(r#"id="departures""#).unwrap().1.split_once(r#"id="method""#).unwrap().0;
    assert!(departures.contains("delivery/long-polling/rate=10,audience=100,delay=200,payload=100"));
    assert!(!departures.contains("delivery/raw-websocket/rate=10,audience=100,delay=200,payload=100"));
}

#[test]
fn text_from_a_record_cannot_become_markup() {
    let mut record = synthetic::record();
    record.subjects[0].title = "<script>alert(1)</script>".into();
    record.notes.push("</ul><script>alert(2)</script>".into());
    let page = html(&record);
    assert!(!page.contains("<script>alert"));
}

//! The walkthrough: pages that were rendered when the program was built.

use axum::{
    Router,
    response::{Html, Redirect},
    routing::get,
};
use http::{HeaderValue, header};
use server::site;

use crate::TRANSPORTS;

/// Each page's path and document, the contents first; written by the build script.
const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// What works the calculator on a page: the script of the comparison's report.
const CALCULATOR: &str =
    concat!(include_str!("../../comparison/src/report/calculator.js"), "start(document);\n");

/// Where the walkthrough begins.
pub(crate) const CONTENTS: &str = "/walkthrough";

/// A route for each page, under the content security policy of the page with the panels.
pub(crate) fn routes(policy: &str) -> Router {
    let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static(site::POLICY));
    let mut routes = Router::new().route("/walkthrough/", get(async || Redirect::permanent(CONTENTS)));
    for &(path, document) in PAGES {
        let fields = [
            (header::CONTENT_SECURITY_POLICY, policy.clone()),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            // A page changes with the program only, and the browser asks each time which one runs.
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        routes = routes.route(path, get(move || async move { (fields, Html(document)) }));
    }
    let script = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    routes = routes.route("/walkthrough/calculator.js", get(async move || (script, CALCULATOR)));
    // A transport's own page leads to its chapter, or to the contents where there is none yet.
    let is_page = |path: &str| PAGES.iter().any(|&(known, _)| known == path);
    let chapters = TRANSPORTS.map(|transport| format!("{CONTENTS}/{}", transport.name));
    for path in chapters.iter().filter(|path| !is_page(path)) {
        routes = routes.route(path, get(async || Redirect::temporary(CONTENTS)));
    }
    routes
}

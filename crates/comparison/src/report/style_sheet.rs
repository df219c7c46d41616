//! The style sheet: `report.css`, and a rule for each colour that drawings have.

use std::fmt::Write as _;

use super::{
    plot::{
        lines::LINE,
        style::{self, LAYERS},
    },
    questions::{View, octets::LAYER_FIGURES},
};

/// The style sheet, with the rules that turn each colour of the drawings.
pub fn text(view: &View<'_>) -> String {
    let mut rules = String::new();
    let inks = [
        (style::INK, "text"),
        (style::QUIET, "quiet"),
        (style::PAPER, "sheet"),
        (style::MESH, "mesh"),
        (style::GREY, "edge"),
    ];
    let layers = LAYERS.iter().zip(LAYER_FIGURES).map(|(colour, (name, _))| (*colour, layer_property(name)));
    for (colour, property) in inks.into_iter().chain(layers) {
        let hex = style::hex(colour);
        let _ = writeln!(rules, ".plot [fill='{hex}'] {{ fill: var(--{property}); }}");
        let _ = writeln!(rules, ".plot [stroke='{hex}'] {{ stroke: var(--{property}); }}");
    }
    let mut dashed: Vec<_> =
        view.looks.iter().filter_map(|look| Some((style::hex(look.colour), look.dash()?))).collect();
    dashed.push((style::hex(style::QUIET), "2 7"));
    dashed.sort_unstable();
    dashed.dedup();
    for (hex, dash) in dashed {
        let _ = writeln!(
            rules,
            ".plot polyline[stroke='{hex}'][stroke-width='{LINE}'] {{ stroke-dasharray: {dash}; }}"
        );
    }
    include_str!("report.css").replace("/* SHEET */\n", &rules)
}

/// The property that holds a layer's colour.
pub fn layer_property(name: &str) -> &'static str {
    match name {
        "payload" => "payload",
        "framing" => "framing",
        "TLS" => "tls",
        "HTTP fields" => "fields",
        "TCP and IP" => "tcp-ip",
        _ => "envelope",
    }
}

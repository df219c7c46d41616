//! The examples of RFC 7541, Appendix C, each in a HEADERS frame of one connection.

use wire::explain::{Protocol, Side, Span};

use super::{bits, explain_one, frame, hex};

/// The spans of each field block.
fn blocks(side: Side, listings: &[&str], before: &str) -> Vec<Vec<Span>> {
    let mut octets = frame(0x4, 0, 0, &[]);
    if side == Side::Client {
        octets = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &*octets].concat();
    }
    for (index, listing) in listings.iter().enumerate() {
        let block = [hex(if index == 0 { before } else { "" }), hex(listing)].concat();
        octets.extend(frame(0x1, 0x4, 2 * u32::try_from(index).unwrap() + 1, &block));
    }
    let units = explain_one(Protocol::Http2, side, octets);
    let headers = units.into_iter().filter(|unit| unit.kind == "HEADERS");
    headers.map(|unit| unit.spans.into_iter().skip(4).collect()).collect()
}

fn values(spans: &[Span]) -> Vec<&str> {
    spans.iter().map(|span| &*span.value).collect()
}

/// What a representation's meaning says of the table: index and size.
fn entered(span: &Span) -> Option<&str> {
    let at = span.meaning.find("It enters the dynamic table as index 62, ")?;
    span.meaning[at..].strip_prefix("It enters the dynamic table as index 62, ")?.split(" of ").next()
}

/// As the sizes of tables: they have the prefix of 5 bits that the examples have.
#[test]
fn c_1_integers() {
    let blocks = blocks(Side::Client, &["2a", "3f 9a 0a"], "");
    assert_eq!(bits(&blocks[0][0])[1..], [(3, 7, "maximum size", "10")]);
    let expected = [(3, 7, "maximum size, prefix", "31"), (8, 23, "maximum size", "1306 + 31 = 1337")];
    assert_eq!(bits(&blocks[1][0])[1..], expected);
    assert_eq!(values(&blocks[1]), ["1337"]);
}

#[test]
fn c_2_1_literal_with_indexing() {
    let blocks =
        blocks(Side::Client, &["400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"], "");
    let span = &blocks[0][0];
    assert_eq!(
        (&*span.name, &*span.value),
        ("literal field with incremental indexing", "custom-key: custom-header")
    );
    assert_eq!(entered(span), Some("55"));
    let expected = [
        (0, 1, "pattern", "01"),
        (2, 7, "index", "0"),
        (8, 8, "H", "0"),
        (9, 15, "string length", "10"),
        (16, 95, "name", "custom-key"),
        (96, 96, "H", "0"),
        (97, 103, "string length", "13"),
        (104, 207, "value", "custom-header"),
    ];
    assert_eq!(bits(span), expected);
}

#[test]
fn c_2_2_to_c_2_4_other_representations() {
    let listings = ["040c 2f73 616d 706c 652f 7061 7468", "1008 7061 7373 776f 7264 0673 6563 7265 74", "82"];
    let blocks = blocks(Side::Client, &listings, "");
    let found: Vec<_> = blocks.iter().map(|block| (&*block[0].name, &*block[0].value)).collect();
    let expected = [
        ("literal field without indexing", ":path: /sample/path"),
        ("literal field never indexed", "password: secret"),
        ("indexed field", ":method: GET"),
    ];
    assert_eq!(found, expected);
    assert!(blocks.iter().all(|block| entered(&block[0]).is_none()));
}

const REQUESTS: [&[&str]; 3] = [
    &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
    &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
    &[
        ":method: GET",
        ":scheme: https",
        ":path: /index.html",
        ":authority: www.example.com",
        "custom-key: custom-value",
    ],
];

#[test]
fn c_3_requests_without_huffman() {
    let listings = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let blocks = blocks(Side::Client, &listings, "");
    for (block, expected) in blocks.iter().zip(REQUESTS) {
        assert_eq!(values(block), expected);
    }
    let sizes: Vec<_> = blocks.iter().map(|block| block.iter().find_map(entered)).collect();
    assert_eq!(sizes, [Some("57"), Some("110"), Some("164")]);
}

#[test]
fn c_4_requests_with_huffman() {
    let listings = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    let blocks = blocks(Side::Client, &listings, "");
    for (block, expected) in blocks.iter().zip(REQUESTS) {
        assert_eq!(values(block), expected);
    }
    let authority = &blocks[0][3];
    assert!(
        authority.meaning.contains("Huffman: the value takes 12 instead of 15 octets."),
        "{}",
        authority.meaning
    );
    let codes = bits(authority);
    assert_eq!(codes[4], (16, 22, "code", "1111000 = w"));
    assert_eq!(codes.last(), Some(&(105, 111, "padding", "1111111")));
}

const RESPONSES: [&[&str]; 3] = [
    &[
        ":status: 302",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
    ],
    &[
        ":status: 307",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:21 GMT",
        "location: https://www.example.com",
    ],
    &[
        ":status: 200",
        "cache-control: private",
        "date: Mon, 21 Oct 2013 20:13:22 GMT",
        "location: https://www.example.com",
        "content-encoding: gzip",
        "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
    ],
];

/// The examples have a table of 256 octets: an encoder says so on the wire.
const TABLE_OF_256: &str = "3f e1 01";

fn assert_responses(listings: &[&str]) {
    let blocks = blocks(Side::Server, listings, TABLE_OF_256);
    assert_eq!((&*blocks[0][0].name, &*blocks[0][0].value), ("dynamic table size update", "256"));
    assert_eq!(
        bits(&blocks[0][0])[1..],
        [(3, 7, "maximum size, prefix", "31"), (8, 23, "maximum size", "225 + 31 = 256")]
    );
    assert_eq!(values(&blocks[0][1..]), RESPONSES[0]);
    assert_eq!(values(&blocks[1]), RESPONSES[1]);
    assert_eq!(values(&blocks[2]), RESPONSES[2]);
    // The evictions of the examples.
    let last = blocks[0].iter().rev().find_map(entered);
    assert_eq!(last, Some("222"));
    assert!(blocks[1][0].meaning.contains("and the oldest entry leaves it"), "{}", blocks[1][0].meaning);
    assert_eq!(entered(&blocks[1][0]), Some("222"));
    assert_eq!(blocks[2].iter().rev().find_map(entered), Some("215"));
}

#[test]
fn c_5_responses_without_huffman() {
    assert_responses(&[
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120
         474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738
         666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33
         3630 303b 2076 6572 7369 6f6e 3d31",
    ]);
}

#[test]
fn c_6_responses_with_huffman() {
    assert_responses(&[
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718
         63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7
         b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ]);
}

#[test]
fn what_is_broken_ends_decoding_and_not_the_frames() {
    for (listing, rule) in [
        ("82 be", "index 62 must be in a table, and the dynamic one, from 62 on, has 0 fields"),
        ("82 80", "the index 0 must not be used for a field"),
        ("82 40", "a field block must not end inside a representation"),
        ("82 20", "a dynamic table size update must stand at the beginning of a field block"),
        ("82 ff 80 ff ff ff 0f", "index 4294967295 must be in a table"),
        ("82 ff ff ff ff ff ff 01", "an integer of more than 5 octets behind its prefix is not read here"),
        ("82 40 81 ff 00", "a Huffman string must be padded by fewer than 8 bits, all 1"),
        ("82 40 81 00 00", "a Huffman string must be padded by fewer than 8 bits, all 1"),
        ("82 40 84 ff ff ff ff 00", "the Huffman symbol 256, EOS, must not stand in a string"),
    ] {
        let blocks = blocks(Side::Client, &[listing, "82"], "");
        assert_eq!(values(&blocks[0][..1]), [":method: GET"]);
        assert_eq!(blocks[0][1].name, "not understood");
        assert!(blocks[0][1].meaning.contains(rule), "{listing}: {}", blocks[0][1].meaning);
        assert!(
            blocks[1][0].meaning.starts_with("Not decoded: an earlier field block"),
            "{}",
            blocks[1][0].meaning
        );
    }
}

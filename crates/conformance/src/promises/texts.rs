//! What was said is what is read.

use crate::{Subject, Target, draft, next, post};

/// Texts and names that others have tripped over come out as they went in.
pub async fn a_text_is_kept_as_it_is<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut client = target.connect(None).await;
    next(&mut client).await;
    let texts = [
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
        "{\"messages\":[],\"cursor\":\"x-1\"}",
        "quotes \" and ' and \\ and / and \\u0041 and %41",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{1f1e8}\u{1f1ed} e\u{301}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}right to left\u{202c} \u{645}\u{631}\u{62d}\u{628}\u{627}",
        "\u{feff}byte order mark, \u{2028}line and \u{2029}paragraph separator, \u{fffd}, \u{ffff}, \u{10ffff}",
        "  spaces around \t",
        "one line\nanother\n",
        "a lone \u{a0} no-break space",
    ];
    for (at, text) in texts.into_iter().enumerate() {
        let user = if at == 0 { text } else { "brian" };
        let posted = post(&mut client, &draft(user, text, Some(&at.to_string()))).await.message();
        assert_eq!((posted.user.as_str(), posted.text.as_str()), (user, text), "what the poster is answered");
        let followed = next(&mut client).await;
        assert_eq!(followed.messages, [posted], "what a follower gets");
    }
    target.stop().await;
}

/// CR LF becomes LF.
pub async fn a_line_ends_with_a_line_feed<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut client = target.connect(None).await;
    for (at, (text, stored)) in
        [("a\r\nb", "a\nb"), ("\r\na\r\n\r\nb\r\n", "\na\n\nb\n"), ("a\n\tb", "a\n\tb")]
            .into_iter()
            .enumerate()
    {
        let posted = post(&mut client, &draft("brian", text, Some(&at.to_string()))).await.message();
        assert_eq!(posted.text, stored, "{text:?} as it is stored");
    }
    target.stop().await;
}

/// Lengths at which servers of this kind have been seen to fail.
pub async fn a_text_may_have_any_length_up_to_2000_characters<S: Subject>() {
    let target = Target::<S>::start().await;
    let mut client = target.connect(None).await;
    next(&mut client).await;
    for length in [1, 40, 99, 100, 101, 125, 126, 127, 128, 200, 255, 256, 1_000, 1_999, 2_000] {
        for character in ["x", "\u{20ac}", "\u{1f600}", "\""] {
            let text = character.repeat(length);
            let nonce = format!("{length}-{}", character.len() + usize::from(character == "\""));
            let posted = post(&mut client, &draft("brian", &text, Some(&nonce))).await.message();
            assert_eq!(posted.text, text, "a text of {length} times {character:?}");
            assert_eq!(next(&mut client).await.messages, [posted], "a text of {length} times {character:?}");
        }
    }
    target.stop().await;
}

//! Checks of the track polling, a file for each step.

mod cheap;
mod history;
mod post;

use crate::checks::Check;

checks! {
    history::json "history-json", "GET /messages answers at once with a batch", "the chat's protocol", "encode-batch";
    history::oldest_first "oldest-first", "a batch has its oldest message first", "the chat's protocol", "encode-batch";
    history::not_cached "not-cached", "nobody on the way keeps an answer", "RFC 9111 §5.2.2.5", "answer";
    post::post_then_get "post-then-get", "an answered post is in the log", "RFC 9110 §15.3.2", "append";
    post::bad_json "bad-json-400", "a bad draft is refused, and says why", "RFC 9457", "judge-text";
    post::too_big "too-big-413", "content over 32 KiB is refused before it is read", "RFC 9110 §15.5.14", "routes";
    post::two_posters "two-posters", "posts at the same time each have an id and a place", "the chat's protocol", "append";
    cheap::only_new "only-new", "after a cursor comes only what is new", "the chat's protocol", "conditional";
    cheap::not_modified "not-modified-304", "who has the newest batch gets 304", "RFC 9110 §13.1.2", "conditional";
    cheap::exact "exact", "each message comes once, in batches of at most 256 KiB", "the chat's protocol", "page";
    cheap::missed "missed-told", "who fell off the end is told how far", "the chat's protocol", "start";
}

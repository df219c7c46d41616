//! Checks of the track polling, a file for each step.

mod back_off;
mod cheap;
mod hidden_tab;
mod history;
mod next_request;
mod post;
mod safe_page;

use crate::checks::Check;

checks! {
    Server {
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
    Page {
        next_request::one_in_flight "one-in-flight", "never two requests under way", "the page's clock", "poll-loop";
        next_request::interval "interval-after-reply", "the next request leaves 1 s after the answer", "the page's clock", "poll-loop";
        next_request::survives "survives-network-error", "a request that fails is not the last one", "WHATWG Fetch §5.4", "poll-loop";
        hidden_tab::quiet "quiet-when-hidden", "a hidden tab asks nothing", "WHATWG HTML §6.2", "shown";
        hidden_tab::catches_up "catches-up", "a tab that is shown asks at once", "WHATWG HTML §6.2", "shown";
        back_off::is_failure "500-is-failure", "the status says whether it is an answer", "RFC 9110 §15.6", "poll-failed";
        back_off::retry_after "retry-after", "the server may say when to come back", "RFC 9110 §10.2.3", "count-failures";
        back_off::grows "grows", "each failure doubles the longest wait, up to 30 s", "the page's clock", "back-off";
        back_off::resets "resets", "after a connection that lasted it begins anew", "the page's clock", "count-failures";
        back_off::spread "spread", "each page waits a random part of that", "full jitter", "back-off";
        safe_page::inert "script-in-text-inert", "what people write is text, never markup", "WHATWG DOM §4.4", "names-and-texts";
        safe_page::no_duplicates "no-duplicates", "each message is shown once", "the chat's protocol", "take-batch";
        safe_page::dot "dot-follows-state", "the dot says what is so", "the page's clock", "paint-state";
    }
}

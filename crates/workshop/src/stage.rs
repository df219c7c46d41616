//! The stage of a check in the browser: the chat page with the learner's modules in it, and the scripted server that it
//! talks to.

mod acts;
mod kept;

use std::{
    cell::RefCell,
    sync::mpsc::{self, RecvTimeoutError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::kept::{Kept, Unheard, exception};
use crate::{
    browser::{Shared, Tab},
    failure::Failure,
    scripted::{Arrived, Asked, Scripted, Site},
    trace,
};

/// What a check has in the page.
const PRELUDE: &str = include_str!("stage/prelude.js");

/// How long the browser may take to load the page: the machine's time, not the learner's.
const LOADS_WITHIN: Duration = Duration::from_secs(180);

/// How long a page may take to go.
const LEAVES_WITHIN: Duration = Duration::from_secs(2);

/// How a page is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setting {
    /// What `Math.random()` gives, always. With 0 the back-off does not wait, with nearly 1 it waits longest.
    pub chance: Option<f64>,
    /// Timers run when the check lets time pass, by [`Stage::pass`], and only then.
    pub held: bool,
}

/// What comes to the check: from the page's requests, and from the browser.
enum News {
    Asked(Arrived),
    Said(Value),
    /// The browser is gone.
    Ended,
}

/// A page and its server. Dropped, both are gone; left, the tab is there for another.
pub struct Stage {
    /// Where the page stands, such as `http://127.0.0.1:4711`.
    pub origin: String,
    /// How long it waits for what must come.
    pub patience: Duration,
    tab: Tab,
    /// What was put into the page.
    prelude: String,
    news: mpsc::Receiver<News>,
    kept: RefCell<Kept>,
    _server: Scripted,
}

impl Stage {
    /// Opens the page of `site` in the browser, and waits until it is loaded.
    ///
    /// # Errors
    ///
    /// There is no browser, or it does not open the page.
    pub(crate) fn open(
        browser: &Shared,
        site: Site,
        setting: Setting,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let (browser, begun) = (browser.get()?, Instant::now());
        let (sender, news) = mpsc::channel();
        let asked = sender.clone();
        let server = Scripted::start(site, move |arrived| {
            // A request that comes when the check is over is nobody's.
            let _ = asked.send(News::Asked(arrived));
        });
        let server = server.map_err(|error| Failure::not_run(format!("no port: {error}"), "try again"))?;
        let tab = Tab::open(browser)?;
        tab.listen(move |said| {
            let _ = sender.send(said.map_or(News::Ended, News::Said));
        });
        let origin = format!("http://{}", server.address);
        let mut stage = Self {
            origin,
            patience,
            tab,
            prelude: String::new(),
            news,
            kept: RefCell::default(),
            _server: server,
        };
        stage.load(setting)?;
        // A machine that takes so long for a page may take as long for what follows.
        stage.patience = patience.max(begun.elapsed());
        Ok(stage)
    }

    fn load(&mut self, setting: Setting) -> Result<(), Failure> {
        for domain in ["Page.enable", "Runtime.enable", "Network.enable"] {
            self.call(domain, &json!({}), LOADS_WITHIN)?;
        }
        let setting = json!({ "chance": setting.chance, "held": setting.held });
        let prelude = PRELUDE.replacen("(() => {", &format!("(() => {{\n  const SETTING = {setting};"), 1);
        // Before the page is asked for: the browser does not keep commands in order with it.
        let prelude = json!({ "source": prelude });
        let added = self.call("Page.addScriptToEvaluateOnNewDocument", &prelude, LOADS_WITHIN)?;
        added.get("identifier").and_then(Value::as_str).unwrap_or_default().clone_into(&mut self.prelude);
        let loaded = self.go(&format!("{}/", self.origin), LOADS_WITHIN);
        loaded.map_err(|unheard| self.unheard(&unheard, "the chat page is loaded"))
    }

    /// Goes to an address, and waits until it is there.
    fn go(&self, address: &str, limit: Duration) -> Result<(), Unheard> {
        self.tab.send("Page.navigate", &json!({ "url": address }));
        self.listen(limit, |kept| (kept.shown.as_deref() == Some(address)).then_some(()))
    }

    /// Leaves the tab empty, for another check. A page that cannot be left in time is closed instead.
    pub(crate) fn leave(self) {
        let script = json!({ "identifier": self.prelude });
        let is_empty = self.call("Page.removeScriptToEvaluateOnNewDocument", &script, LEAVES_WITHIN).is_ok()
            && self.call("Network.clearBrowserCookies", &json!({}), LEAVES_WITHIN).is_ok()
            && self.go("about:blank", LEAVES_WITHIN).is_ok();
        if is_empty {
            self.tab.keep();
        }
    }

    /// The next request for `/messages`; `due` says what it would be.
    ///
    /// # Errors
    ///
    /// None comes, or the page throws.
    pub fn asked(&self, due: &str) -> Result<Asked, Failure> {
        match self.listen(self.patience, Kept::take) {
            Ok(arrived) => Ok(arrived.asked(self.patience)),
            Err(unheard) => Err(self.unheard(&unheard, due)),
        }
    }

    /// Waits until an expression of JavaScript is true (`workshop.state() === 'connected'`); it is asked again with each
    /// change of the page.
    ///
    /// # Errors
    ///
    /// It does not become true, or the page throws: what the page shows instead of what is `due`.
    pub fn until(&self, expression: &str, due: &str) -> Result<(), Failure> {
        self.wait(expression, due)?;
        trace::note(format!("seen: {due}"));
        Ok(())
    }

    /// Likewise for what goes without saying.
    ///
    /// # Errors
    ///
    /// As those of [`Self::until`].
    pub(crate) fn wait(&self, expression: &str, due: &str) -> Result<(), Failure> {
        self.evaluate(&format!("workshop.until(() => {expression}).then(() => true)"), due).map(|_| ())
    }

    /// The value of an expression, or of the promise that it is.
    ///
    /// # Errors
    ///
    /// It throws, or takes too long.
    pub fn value(&self, expression: &str) -> Result<Value, Failure> {
        let value = self.asked_of_page(expression)?;
        let is = if value.is_null() { String::new() } else { format!(" is {value}") };
        trace::note(format!("in the page {expression}{is}"));
        Ok(value)
    }

    fn asked_of_page(&self, expression: &str) -> Result<Value, Failure> {
        self.evaluate(expression, "the page answers when it is asked something")
    }

    /// The page in one sentence.
    pub fn told(&self) -> String {
        let number = self.tab.send("Runtime.evaluate", &json!({ "expression": "workshop.told()" }));
        // Whatever was thrown before.
        self.kept.borrow_mut().thrown = None;
        let answer = self.listen(self.patience, |kept| kept.answers.remove(&number));
        let told =
            answer.ok().and_then(|answer| Some(answer.pointer("/result/result/value")?.as_str()?.to_owned()));
        told.unwrap_or_else(|| "the page does not answer".to_owned())
    }

    /// A failure with what the page says on its console.
    pub(crate) fn explain(&self, mut failure: Failure) -> Failure {
        // What it said last may still be on its way.
        let number = self.tab.send("Runtime.evaluate", &json!({ "expression": "true" }));
        let _ = self.listen(self.patience, |kept| kept.answers.remove(&number));
        let mut kept = self.kept.borrow_mut();
        if let Some((what, place)) = kept.thrown.take() {
            failure.likely = Some(format!("the page threw: {what}"));
            failure.panic = place;
        }
        let lines = kept.lines.iter().map(|line| format!("| {line}"));
        failure.notes.extend(lines);
        failure
    }

    fn evaluate(&self, expression: &str, due: &str) -> Result<Value, Failure> {
        let parameters = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let number = self.tab.send("Runtime.evaluate", &parameters);
        let answer = self.listen(self.patience, |kept| kept.answers.remove(&number));
        let answer = answer.map_err(|unheard| self.unheard(&unheard, due))?;
        if let Some(thrown) = answer.pointer("/result/exceptionDetails") {
            let (what, place) = exception(thrown, &self.origin);
            self.kept.borrow_mut().thrown.get_or_insert((what, place));
            return Err(self.unheard(&Unheard::Thrown, due));
        }
        Ok(answer.pointer("/result/result/value").cloned().unwrap_or_default())
    }

    /// What the browser answers to a command that is no matter of the learner's.
    fn call(&self, method: &str, parameters: &Value, limit: Duration) -> Result<Value, Failure> {
        let number = self.tab.send(method, parameters);
        let answer = self.listen(limit, |kept| kept.answers.remove(&number));
        let answer = answer.map_err(|unheard| self.unheard(&unheard, "the browser shows a page"))?;
        Ok(answer.get("result").cloned().unwrap_or_default())
    }

    /// Takes in news until `done` finds what it wants among all that was kept.
    fn listen<T>(&self, limit: Duration, mut done: impl FnMut(&mut Kept) -> Option<T>) -> Result<T, Unheard> {
        let until = Instant::now() + limit;
        loop {
            let mut kept = self.kept.borrow_mut();
            if let Some(found) = done(&mut kept) {
                return Ok(found);
            }
            if kept.thrown.is_some() {
                return Err(Unheard::Thrown);
            }
            if kept.has_ended {
                return Err(Unheard::Ended);
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(left) {
                Ok(News::Asked(arrived)) => kept.arrived.push_back(arrived),
                Ok(News::Said(said)) => kept.keep(said, &self.origin),
                Ok(News::Ended) | Err(RecvTimeoutError::Disconnected) => kept.has_ended = true,
                Err(RecvTimeoutError::Timeout) => return Err(Unheard::Silent),
            }
        }
    }

    fn unheard(&self, why: &Unheard, due: &str) -> Failure {
        match why {
            Unheard::Ended => self.tab.gone(),
            Unheard::Silent => Failure::new(due, self.told()),
            Unheard::Thrown => {
                let thrown = self.kept.borrow_mut().thrown.take();
                let failure = Failure::new(due, self.told());
                self.kept.borrow_mut().thrown = thrown;
                failure
            }
        }
    }
}

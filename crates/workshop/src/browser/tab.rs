//! Tabs: a check has one for itself, and leaves it empty for the next, which saves the start of a process.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::Browser;
use crate::failure::Failure;

/// The most empty tabs that are kept.
const MAX_IDLE: usize = 4;

/// How a tab is called: its context, as that of a private window, and the session that it is spoken to in.
#[derive(Clone, Debug)]
struct Names {
    context: String,
    session: String,
}

/// Empty tabs.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Vec<Names>>);

impl Idle {
    fn tabs<T>(&self, of: impl FnOnce(&mut Vec<Names>) -> T) -> T {
        of(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An empty tab. Dropped, it is closed, and all that its pages kept is gone.
#[derive(Debug)]
pub(crate) struct Tab {
    browser: Arc<Browser>,
    names: Option<Names>,
}

impl Tab {
    /// One that was left empty, or a new one.
    ///
    /// # Errors
    ///
    /// The browser opens none.
    pub(crate) fn open(browser: Arc<Browser>) -> Result<Self, Failure> {
        let idle = browser.idle.tabs(Vec::pop);
        let names = match idle {
            Some(names) => names,
            None => Names::create(&browser)?,
        };
        Ok(Self { browser, names: Some(names) })
    }

    /// Where what the browser says of it is heard, and nothing of other tabs.
    pub(crate) fn listen(&self, listener: impl Fn(Option<Value>) + Send + 'static) {
        self.browser.listen(self.session(), listener);
    }

    /// Sends a command to it; gives the number that its answer will have.
    pub(crate) fn send(&self, method: &str, parameters: &Value) -> u64 {
        let number = self.browser.number();
        self.browser.send(number, Some(self.session()), method, parameters);
        number
    }

    /// Why nothing more is heard of it.
    pub(crate) fn gone(&self) -> Failure {
        self.browser.gone()
    }

    /// Keeps it for another check: it is empty.
    pub(crate) fn keep(mut self) {
        let Some(names) = self.names.take() else { return };
        self.browser.forget(&names.session);
        let too_many = self.browser.idle.tabs(|tabs| {
            tabs.push(names);
            if tabs.len() > MAX_IDLE { tabs.pop() } else { None }
        });
        self.names = too_many;
    }

    fn session(&self) -> &str {
        self.names.as_ref().map(|names| &*names.session).unwrap_or_default()
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        let Some(names) = self.names.take() else { return };
        self.browser.forget(&names.session);
        let context = json!({ "browserContextId": names.context });
        self.browser.send(self.browser.number(), None, "Target.disposeBrowserContext", &context);
    }
}

impl Names {
    fn create(browser: &Browser) -> Result<Self, Failure> {
        let context = browser.call("Target.createBrowserContext", &json!({ "disposeOnDetach": true }))?;
        let context = text_of(&context, "browserContextId");
        let target = json!({ "url": "about:blank", "browserContextId": context });
        let target = browser.call("Target.createTarget", &target)?;
        let target = json!({ "targetId": text_of(&target, "targetId"), "flatten": true });
        let session = text_of(&browser.call("Target.attachToTarget", &target)?, "sessionId");
        Ok(Self { context, session })
    }
}

fn text_of(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

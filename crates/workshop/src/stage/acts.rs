//! What a check does in the page as a person and a clock do, and what it asks of it.

use serde_json::{Value, json};

use super::Stage;
use crate::{failure::Failure, trace};

impl Stage {
    /// The requests for `/messages` that the page has made, on their way or here, and that [`Self::asked`] did not take.
    ///
    /// # Errors
    ///
    /// The page throws.
    pub fn waiting(&self) -> Result<Vec<String>, Failure> {
        let asked = self.asked_of_page("workshop.asked()")?;
        let told = asked.as_array().into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned);
        let waiting: Vec<_> = told.skip(self.kept.borrow().taken).collect();
        if waiting.is_empty() {
            trace::measured("quiet", "the page asks for nothing");
        }
        Ok(waiting)
    }

    /// The addresses of all WebSockets that the page has made.
    ///
    /// # Errors
    ///
    /// The page throws.
    pub fn sockets(&self) -> Result<Vec<String>, Failure> {
        self.asked_of_page("true")?;
        Ok(self.kept.borrow().sockets.clone())
    }

    /// Whether an expression is true now, and with it what is `due`.
    ///
    /// # Errors
    ///
    /// It throws, or takes too long.
    pub fn is(&self, expression: &str, due: &str) -> Result<bool, Failure> {
        let is_true = self.asked_of_page(expression)? == true;
        if is_true {
            trace::note(format!("seen: {due}"));
        }
        Ok(is_true)
    }

    /// Writes a message as a person does.
    ///
    /// # Errors
    ///
    /// The page throws.
    pub fn write(&self, user: &str, text: &str) -> Result<(), Failure> {
        trace::note(format!("{user} writes {text:?} in the page"));
        self.asked_of_page(&format!("void workshop.write({}, {})", json!(user), json!(text))).map(|_| ())
    }

    /// Lets time pass on a clock that is held, in milliseconds.
    ///
    /// # Errors
    ///
    /// The page throws.
    pub fn pass(&self, milliseconds: u32) -> Result<(), Failure> {
        trace::passed(milliseconds);
        self.asked_of_page(&format!("workshop.pass({milliseconds})")).map(|_| ())
    }

    /// Hides the tab, or shows it again.
    ///
    /// # Errors
    ///
    /// The page throws.
    pub fn show(&self, is_visible: bool) -> Result<(), Failure> {
        trace::note(if is_visible { "the tab is shown again" } else { "the tab is hidden" });
        self.asked_of_page(&format!("workshop.show({is_visible})")).map(|_| ())
    }
}

//! Boxes that tell the user something, or ask.
//!
//! Never waits for the user: the loop goes on, and the answer goes to the recorder. Invariant: a question is answered once, and
//! whatever is not a yes is a no.

use chasm_recorder::lines;
use chasm_recorder::wire::{FromTray, Message, Question};
use rfd::{AsyncMessageDialog, MessageButtons, MessageDialogResult, MessageLevel};

pub fn ask(Question { id, title, text, yes, no }: Question) {
    let dialog = AsyncMessageDialog::new()
        .set_title(title)
        .set_description(text)
        .set_level(MessageLevel::Warning)
        .set_buttons(MessageButtons::OkCancelCustom(yes.clone(), no));
    show(dialog, move |result| lines::say(&FromTray::Answered { id, yes: is_yes(&result, &yes) }));
}

pub fn tell(Message { title, text }: Message, level: MessageLevel) {
    let dialog = AsyncMessageDialog::new().set_title(title).set_description(text).set_level(level);
    show(dialog, |_| {});
}

/// GTK says which kind of button it was, others what stands on it.
fn is_yes(result: &MessageDialogResult, yes: &str) -> bool {
    match result {
        MessageDialogResult::Ok | MessageDialogResult::Yes => true,
        MessageDialogResult::Custom(label) => label == yes,
        MessageDialogResult::No | MessageDialogResult::Cancel => false,
    }
}

/// Must be called on the main thread.
fn show(dialog: AsyncMessageDialog, answered: impl FnOnce(MessageDialogResult) + Send + 'static) {
    let shown = dialog.show();
    let wait = move || match tokio::runtime::Builder::new_current_thread().build() {
        Ok(runtime) => answered(runtime.block_on(shown)),
        Err(error) => lines::complain(&format!("nobody can wait for an answer: {error}")),
    };
    if let Err(error) = std::thread::Builder::new().name(String::from("dialog")).spawn(wait) {
        lines::complain(&format!("nobody can wait for an answer: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for yes in [MessageDialogResult::Ok, MessageDialogResult::Custom("Stop".into())] {
            assert!(is_yes(&yes, "Stop"), "{yes:?}");
        }
        for no in [MessageDialogResult::Cancel, MessageDialogResult::Custom("Go on".into())] {
            assert!(!is_yes(&no, "Stop"), "{no:?}");
        }
    }
}

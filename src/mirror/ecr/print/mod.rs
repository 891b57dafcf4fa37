//! All that a rule is made of, written for whoever makes it: a shell script, Terraform, CloudFormation.
//! Each is whole (policies, secret, template, rule, validation, login) and holds no secret.

mod cloudformation;
mod shell;
mod terraform;

use super::request::Request;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A POSIX shell script that can be run again.
    Shell,
    /// Terraform's language.
    Terraform,
    /// A template of CloudFormation.
    CloudFormation,
}

/// The whole text.
pub fn print(request: &Request, form: Form, user: Option<&str>) -> String {
    match form {
        Form::Shell => shell::script(request, user),
        Form::Terraform => terraform::module(request),
        Form::CloudFormation => cloudformation::template(request),
    }
}

/// The name of what is kept in the account, from the prefix: letters, digits and hyphens.
fn name(request: &Request) -> String {
    let prefix = request.prefix.trim_end_matches('/').to_ascii_lowercase();
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    format!("dhlimit-{}", prefix.chars().map(word).collect::<String>())
}

/// A text with every line that is not empty indented.
fn indented(text: &str, by: usize) -> String {
    let pad = " ".repeat(by);
    text.lines().map(|line| format!("{pad}{line}\n")).collect()
}

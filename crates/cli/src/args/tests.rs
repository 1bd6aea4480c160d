use super::*;
use clap::CommandFactory;

fn parse(line: &str) -> Result<Cli, clap::error::ErrorKind> {
    Cli::try_parse_from(line.split(' ')).map_err(|e| e.kind())
}

#[test]
fn the_commands_are_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_help_text() {
    let mut root = Cli::command().term_width(100);
    root.build();
    let mut text = String::new();
    help_of(&root, "", &mut text);
    insta::assert_snapshot!(text);
}

fn help_of(command: &clap::Command, path: &str, out: &mut String) {
    let path = format!("{path} {}", command.get_name());
    out.push_str(&format!("$ {} --help\n{}\n", path.trim(), command.clone().render_help()));
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        help_of(sub, &path, out);
    }
}

#[test]
fn global_flags_stand_before_and_after_the_command() {
    let cli = parse("chasm --json sessions list --server http://h:1 --state interrupted").unwrap();
    assert!(cli.global.json);
    assert_eq!(cli.global.server.as_deref(), Some("http://h:1"));
    let Command::Sessions(Sessions::List(list)) = cli.command else { panic!("not a list") };
    assert_eq!(list.state, Some(AnyState(Some(State::Interrupted))));
}

#[test]
fn nonsense_is_refused() {
    for line in [
        "chasm",
        "chasm sessions",
        "chasm sessions list --state asleep",
        "chasm sessions list --limit 0",
        "chasm sessions list --since someday",
        "chasm sessions export x --force",
        "chasm sessions delete",
        "chasm import",
        "chasm serve --port 70000",
        "chasm send --session \u{1}",
        "chasm conformance",
        "chasm conformance --rounds 0 http://h:1",
        "chasm conformance http://h:1 --client x",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn the_manual_page_is_made() {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page).unwrap();
    assert!(String::from_utf8(page).unwrap().contains("flight recorder"));
}

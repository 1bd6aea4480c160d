//! `chasm sessions list`

use crate::app::App;
use crate::args::List;
use crate::exit::Exit;
use crate::show::{View, list};
use anyhow::Result;
use chasm_client::Rest;
use chasm_protocol::api::{SessionFilter, SessionPage};
use chasm_protocol::limits::PAGE_MAX;

pub async fn run(app: &App<'_>, args: List) -> Result<Exit> {
    let view = View::present();
    let wanted = if args.all { u64::MAX } else { u64::from(args.limit) };
    let filter = filter(args, &view);
    let filtered = filter != SessionFilter { sort: filter.sort, ..SessionFilter::default() };
    let page = pages(&app.rest()?, filter, wanted).await?;
    if app.out.json() {
        app.out.document(&page)?;
    } else {
        app.out.print(&list::render(&page, filtered, &view))?;
    }
    Ok(Exit::Done)
}

fn filter(args: List, view: &View) -> SessionFilter {
    SessionFilter {
        state: args.state.and_then(|state| state.0),
        q: args.query,
        provider: args.provider,
        workspace: args.workspace,
        starred: args.starred.then_some(true),
        tag: args.tag,
        since: args.since.map(|when| when.resolve(view.now, &view.zone)),
        until: args.until.map(|when| when.resolve(view.now, &view.zone)),
        sort: args.sort.into(),
        limit: 0,
        cursor: None,
        ..SessionFilter::default()
    }
}

/// As many sessions as are wanted, page by page.
async fn pages(rest: &Rest, mut filter: SessionFilter, wanted: u64) -> Result<SessionPage> {
    let mut all = SessionPage { sessions: Vec::new(), total: 0, next_cursor: None };
    loop {
        let left = wanted.saturating_sub(all.sessions.len() as u64);
        filter.limit = u32::try_from(left).unwrap_or(PAGE_MAX).min(PAGE_MAX);
        let page = rest.sessions(&filter).await?;
        all.total = page.total;
        all.next_cursor = page.next_cursor;
        all.sessions.extend(page.sessions);
        if all.next_cursor.is_none() || all.sessions.len() as u64 >= wanted {
            return Ok(all);
        }
        filter.cursor = all.next_cursor.clone();
    }
}

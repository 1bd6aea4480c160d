//! `GET /api/recording/rates`

use super::Shared;
use crate::error::Failure;
use crate::query::Query;
use axum::Json;
use axum::extract::State;
use chasm_protocol::api::ErrorBody;
use chasm_protocol::status::Rates;

const STEP_MAX: u32 = 60;
const STEP: u32 = 10;
const POINTS_MAX: u32 = 900;
const POINTS: u32 = 90;

/// How much this run recorded in the last 15 minutes. The last step ends with the last whole second; what lies before the start is 0.
#[utoipa::path(
    get,
    path = "/api/recording/rates",
    tag = "status",
    operation_id = "rates",
    params(
        ("step" = Option<u32>, Query, description = "seconds of a step, 1 to 60, default 10"),
        ("points" = Option<u32>, Query, description = "how many steps, 1 to 900, default 90; at most as many as make 15 minutes"),
    ),
    responses(
        (status = 200, description = "events and syncs in each step, the oldest first", body = Rates),
        (status = 400, description = "a parameter makes no sense", body = ErrorBody),
    )
)]
pub(crate) async fn show(State(app): Shared, mut query: Query) -> Result<Json<Rates>, Failure> {
    let step = query.number("step", 1..=STEP_MAX)?.unwrap_or(STEP);
    let points = query.number("points", 1..=POINTS_MAX)?.unwrap_or(POINTS);
    query.end()?;
    Ok(Json(app.engine.rates(step, points)))
}

//! Arguments of `chasm conformance`.

use crate::commands::conformance::Fault;
use clap::Args;

#[derive(Debug, Args)]
pub struct Conformance {
    /// Hold the recorder at this address against the protocol, with sessions that are deleted afterwards
    #[arg(value_name = "URL", required_unless_present = "client", conflicts_with = "client")]
    pub url: Option<String>,
    /// Try out this client: a test recorder, broken wires, and what came of it; has to be the last option
    ///
    /// The program finds the recorder's address in CHASM_SERVER and an empty folder in CHASM_DATA_DIR, reads one JSON object a
    /// line on stdin, {"kind":"message","session":…,"role":…,"content":…}, before some of them their pieces,
    /// {"kind":"delta","session":…,"message_id":…,"role":…,"delta":…}, and at last {"kind":"end"}; it records them, prints
    /// {"kind":"kept"} for each line whose event would survive a kill of it, and exits with 0 when all are acknowledged.
    #[arg(long, value_name = "CMD [ARGS]", num_args = 1.., allow_hyphen_values = true)]
    pub client: Vec<String>,
    /// What chance decides follows from this number
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// So many times, each with a new recorder and a new start of the client
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    /// Only these, separated by commas [default: all]
    #[arg(long, value_name = "FAULTS", value_delimiter = ',', value_enum)]
    pub faults: Vec<Fault>,
    /// Longest wait for the client to get over a fault, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub patience: u64,
}

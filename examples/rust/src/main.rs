//! ModularIoT from Rust: a cached token, one report, and a batch whose retries cannot double.
//!
//! Run it with the settings that `npm start` wrote: `set -a; . data/quickstart.env; set +a;
//! cargo run --manifest-path examples/rust/Cargo.toml`.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{env, thread};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use ureq::Agent;
use ureq::http::{Uri, header::RETRY_AFTER};
use uuid::Uuid;

const MAX_TRIES: u32 = 5;
const BASE_DELAY: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(10);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Answer {
    status: u16,
    retry_after: Duration,
    text: String,
}

#[derive(Deserialize)]
struct Login {
    access_token: String,
    expires_in: i64,
    refresh_in: Option<i64>,
}

struct Token {
    value: String,
    usable_until: Instant,
}

/// May be shared by threads.
struct Client {
    agent: Agent,
    token_url: String,
    api_url: String,
    credentials: [(&'static str, String); 4],
    /// Locked during a login: however many wait for a token, one login runs.
    token: Mutex<Option<Token>>,
}

impl Client {
    fn from_env() -> Result<Self> {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            // A redirect could carry the token elsewhere.
            .max_redirects(0)
            .max_redirects_will_error(false);
        Ok(Self {
            agent: config.build().into(),
            token_url: secure_url("MIOT_TOKEN_URL")?,
            api_url: secure_url("MIOT_API_URL")?,
            credentials: [
                ("grant_type", "client_credentials".to_owned()),
                ("client_id", setting("MIOT_CLIENT_ID")?),
                ("client_secret", setting("MIOT_CLIENT_SECRET")?),
                ("audience", setting("MIOT_AUDIENCE")?),
            ],
            token: Mutex::new(None),
        })
    }

    /// Posts a body under one request id, however many tries that takes.
    fn send<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let url = format!("{}{path}", self.api_url);
        let text = serde_json::to_string(body)?;
        let request_id = Uuid::new_v4().to_string();
        let attempt = |token: &str| {
            with_retries(|| {
                let request = self.agent.post(&url);
                let request = request
                    .header("Authorization", format!("Bearer {token}"))
                    .header("Content-Type", "application/json")
                    .header("X-Request-Id", &request_id)
                    .header("X-Request-Timestamp", Timestamp::now().as_second().to_string());
                read(request.send(&text))
            })
        };
        let token = self.access_token()?;
        let mut answer = attempt(&token)?;
        if answer.status == 401 {
            self.forget(&token);
            answer = attempt(&self.access_token()?)?;
        }
        if answer.status != 200 {
            return Err(format!("{path}: {} {}", answer.status, answer.text).into());
        }
        Ok(serde_json::from_str(&answer.text)?)
    }

    fn access_token(&self) -> Result<String> {
        let mut held = self.token.lock().expect("no thread panics with the lock");
        if let Some(token) = held.as_ref().filter(|token| Instant::now() < token.usable_until) {
            return Ok(token.value.clone());
        }
        let token = self.log_in()?;
        Ok(held.insert(token).value.clone())
    }

    /// Drops this token, and no other: another thread may have replaced it since.
    fn forget(&self, token: &str) {
        let mut held = self.token.lock().expect("no thread panics with the lock");
        held.take_if(|held| held.value == token);
    }

    fn log_in(&self) -> Result<Token> {
        let started = Instant::now();
        let form = || self.credentials.iter().map(|(name, value)| (*name, value.as_str()));
        let answer = with_retries(|| read(self.agent.post(&self.token_url).send_form(form())))?;
        if answer.status != 200 {
            return Err(format!("login: {} {}", answer.status, answer.text).into());
        }
        let login: Login = serde_json::from_str(&answer.text)?;
        let usable = (login.expires_in - 60).min(login.refresh_in.unwrap_or(i64::MAX)).max(0);
        Ok(Token {
            value: login.access_token,
            usable_until: started + Duration::from_secs(usable.unsigned_abs()),
        })
    }
}

/// Repeats what may pass, and returns the outcome of the last try.
fn with_retries<E>(
    attempt: impl Fn() -> std::result::Result<Answer, E>,
) -> std::result::Result<Answer, E> {
    let mut failures = 1;
    loop {
        let outcome = attempt();
        let retry_after = match &outcome {
            Err(_) => Duration::ZERO,
            // 502 and 504 come from a proxy in front of the server.
            Ok(answer) if matches!(answer.status, 429 | 502..=504) => answer.retry_after,
            Ok(_) => return outcome,
        };
        if failures == MAX_TRIES {
            return outcome;
        }
        let backoff = BASE_DELAY * 2u32.pow(failures - 1);
        let backoff = backoff.mul_f64(0.5 + fastrand::f64() / 2.0);
        thread::sleep(backoff.max(retry_after.mul_f64(1.0 + fastrand::f64() / 4.0)));
        failures += 1;
    }
}

fn read(
    response: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> std::result::Result<Answer, ureq::Error> {
    let mut response = response?;
    let retry_after = response.headers().get(RETRY_AFTER);
    let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
    Ok(Answer {
        status: response.status().as_u16(),
        retry_after: Duration::from_secs(seconds.unwrap_or(0).into()),
        text: response.body_mut().read_to_string()?,
    })
}

fn setting(name: &str) -> Result<String> {
    let value = env::var(name).ok().filter(|value| !value.is_empty());
    value.ok_or_else(|| format!("{name} is not set").into())
}

/// Secrets and tokens leave this machine over TLS only.
fn secure_url(name: &str) -> Result<String> {
    let text = setting(name)?;
    let url: Uri = text.parse().map_err(|error| format!("{name}: {error}"))?;
    match (url.scheme_str(), url.host()) {
        (Some("https"), Some(_)) | (Some("http"), Some("localhost" | "127.0.0.1" | "[::1]")) => {
            Ok(text)
        }
        _ => Err(format!("{name} must be an https: URL").into()),
    }
}

#[derive(Serialize)]
struct Gps {
    latitude: f64,
    longitude: f64,
}

#[derive(Serialize)]
struct Report {
    asset_id: String,
    timestamp: Timestamp,
    gps: Gps,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<Uuid>,
}

fn reading(latitude: f64, age_seconds: i64) -> Report {
    Report {
        asset_id: env::var("ASSET_ID").unwrap_or_else(|_| "TRUCK-001".to_owned()),
        timestamp: Timestamp::now() - SignedDuration::from_secs(age_seconds),
        gps: Gps { latitude, longitude: -70.66 },
        idempotency_key: None,
    }
}

#[derive(Deserialize)]
struct BatchAnswer {
    results: Vec<ItemResult>,
}

#[derive(Deserialize)]
struct ItemResult {
    index: usize,
    code: u16,
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: BTreeMap<String, String>,
}

fn run() -> Result<()> {
    let client = Client::from_env()?;
    let _: serde_json::Value = client.send("/v1/asset/track", &reading(-33.45, 0))?;
    println!("report kept");

    // The last one is wrong on purpose. The keys let you cut the backlog differently next time.
    let mut backlog = [reading(-33.46, 30), reading(-33.47, 20), reading(123.0, 10)];
    for report in &mut backlog {
        report.idempotency_key = Some(Uuid::new_v4());
    }
    let BatchAnswer { results } = client.send("/v1/asset/track/batch", &backlog)?;
    let (kept, refused): (Vec<_>, Vec<_>) = results.iter().partition(|item| item.code == 200);
    println!("batch: {} of {} kept", kept.len(), results.len());
    for ItemResult { index, code, message, errors } in refused {
        println!("item {index} refused: {code} {message} {errors:?}");
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

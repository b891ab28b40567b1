# ModularIoT from Elixir: a cached token, one report, and a batch whose retries cannot double.
#
# Needs Elixir 1.18 or newer (for JSON) and Req, which the first run fetches. Erlang's own httpc
# does not fit: it repeats a 503 with Retry-After by itself, without end and all devices in step.
#
# Run it with the settings that `npm start` wrote: `set -a; . data/quickstart.env; set +a;
# elixir examples/elixir/client.exs`.

Mix.install([{:req, "~> 0.5"}])

defmodule Miot.Settings do
  @local ["localhost", "127.0.0.1", "::1"]

  def fetch!(name) do
    case System.get_env(name) do
      value when value in [nil, ""] -> raise "#{name} is not set"
      value -> value
    end
  end

  @doc "Secrets and tokens leave this machine over TLS only."
  def secure_url!(name) do
    url = fetch!(name)

    case URI.parse(url) do
      %URI{scheme: "https", host: host} when host not in [nil, ""] -> url
      %URI{scheme: "http", host: host} when host in @local -> url
      _ -> raise "#{name} must be an https: URL"
    end
  end
end

defmodule Miot.Http do
  @max_tries 5
  @base_delay_ms 500
  # Beside failures of the network. 502 and 504 come from a proxy in front of the server.
  @retryable [429, 502, 503, 504]

  @options [
    receive_timeout: 10_000,
    connect_options: [timeout: 10_000],
    # Req's own retries would carry the old time; a redirect could carry the token elsewhere.
    retry: false,
    redirect: false,
    decode_body: false
  ]

  @doc """
  Posts, and repeats what may pass. Returns the outcome of the last try: `{:ok, status, body}` or
  `{:error, reason}`.
  """
  def post(url, options, failures \\ 1) do
    headers = [{"x-request-timestamp", to_string(System.os_time(:second))}]

    outcome =
      Req.post(url, Keyword.update(options, :headers, headers, &(headers ++ &1)) ++ @options)

    case outcome do
      {:ok, %{status: status, body: body}}
      when status not in @retryable or failures == @max_tries ->
        {:ok, status, body}

      {:error, exception} when failures == @max_tries ->
        {:error, "#{url}: #{Exception.message(exception)}"}

      _ ->
        failures |> delay_ms(outcome) |> Process.sleep()
        post(url, options, failures + 1)
    end
  end

  defp delay_ms(failures, outcome) do
    backoff = @base_delay_ms * Integer.pow(2, failures - 1) * (0.5 + :rand.uniform() / 2)
    asked = retry_after_ms(outcome) * (1 + :rand.uniform() / 4)
    backoff |> max(asked) |> ceil()
  end

  defp retry_after_ms(outcome) do
    with {:ok, response} <- outcome,
         [value | _] <- Req.Response.get_header(response, "retry-after"),
         {seconds, ""} when seconds > 0 <- Integer.parse(value) do
      seconds * 1000
    else
      _ -> 0
    end
  end
end

defmodule Miot.Tokens do
  @moduledoc "Keeps one token. An agent does one thing at a time, and so one login runs."

  use Agent
  alias Miot.{Http, Settings}

  def start_link(_), do: Agent.start_link(fn -> nil end, name: __MODULE__)

  def fetch, do: Agent.get_and_update(__MODULE__, &usable/1, :infinity)

  @doc "Drops this token, and no other: another process may have replaced it since."
  def forget(token) do
    drop = fn held -> if match?({^token, _}, held), do: nil, else: held end
    Agent.update(__MODULE__, drop, :infinity)
  end

  defp usable(held) do
    case held do
      {token, usable_until} -> if now() < usable_until, do: {{:ok, token}, held}, else: log_in()
      nil -> log_in()
    end
  end

  defp log_in do
    started = now()

    form = [
      grant_type: "client_credentials",
      client_id: Settings.fetch!("MIOT_CLIENT_ID"),
      client_secret: Settings.fetch!("MIOT_CLIENT_SECRET"),
      audience: Settings.fetch!("MIOT_AUDIENCE")
    ]

    case Http.post(Settings.secure_url!("MIOT_TOKEN_URL"), form: form) do
      {:ok, 200, answer} ->
        %{"access_token" => token, "expires_in" => expires_in} = login = JSON.decode!(answer)
        usable = min(Map.get(login, "refresh_in", expires_in), expires_in - 60)
        {{:ok, token}, {token, started + usable}}

      {:ok, status, answer} ->
        {{:error, "login: #{status} #{answer}"}, nil}

      {:error, reason} ->
        {{:error, reason}, nil}
    end
  end

  defp now, do: System.monotonic_time(:second)
end

defmodule Miot do
  alias Miot.{Http, Settings, Tokens}

  def track(report), do: send_json("/v1/asset/track", report)
  def track_batch(reports), do: send_json("/v1/asset/track/batch", reports)

  def new_id, do: 16 |> :crypto.strong_rand_bytes() |> Base.encode16(case: :lower)

  # Posts a body under one request id, however many tries that takes.
  defp send_json(path, body), do: attempt(path, new_id(), JSON.encode!(body), :first)

  defp attempt(path, request_id, text, try) do
    url = Settings.secure_url!("MIOT_API_URL") <> path

    with {:ok, token} <- Tokens.fetch(),
         headers = [
           {"authorization", "Bearer #{token}"},
           {"content-type", "application/json"},
           {"x-request-id", request_id}
         ],
         {:ok, status, answer} <- Http.post(url, headers: headers, body: text) do
      case {status, try} do
        {200, _} ->
          {:ok, JSON.decode!(answer)}

        {401, :first} ->
          Tokens.forget(token)
          attempt(path, request_id, text, :second)

        _ ->
          {:error, "#{path}: #{status} #{answer}"}
      end
    end
  end
end

defmodule Example do
  @settings ["MIOT_CLIENT_ID", "MIOT_CLIENT_SECRET", "MIOT_AUDIENCE"]

  def run do
    Enum.each(@settings, &Miot.Settings.fetch!/1)
    Enum.each(["MIOT_TOKEN_URL", "MIOT_API_URL"], &Miot.Settings.secure_url!/1)
    {:ok, _} = Supervisor.start_link([Miot.Tokens], strategy: :one_for_one)

    with {:ok, _} <- Miot.track(reading(-33.45, 0)) do
      IO.puts("report kept")
      # The last one is wrong on purpose. The keys let you cut the backlog differently next time.
      backlog = [reading(-33.46, 30), reading(-33.47, 20), reading(123, 10)]
      keyed = Enum.map(backlog, &Map.put(&1, "idempotency_key", Miot.new_id()))
      with {:ok, answer} <- Miot.track_batch(keyed), do: show(answer)
    end
  end

  defp show(%{"counts" => %{"items" => items, "refused" => refused}, "results" => results}) do
    IO.puts("batch: #{items - refused} of #{items} kept")

    for %{"index" => index, "code" => code} = item when code != 200 <- results do
      faults = JSON.encode!(Map.get(item, "errors", %{}))
      IO.puts("item #{index} refused: #{code} #{item["message"]} #{faults}")
    end

    :ok
  end

  defp reading(latitude, age_seconds) do
    %{
      "asset_id" => System.get_env("ASSET_ID", "TRUCK-001"),
      "timestamp" => DateTime.utc_now() |> DateTime.add(-age_seconds) |> DateTime.to_iso8601(),
      "gps" => %{"latitude" => latitude, "longitude" => -70.66}
    }
  end
end

outcome =
  try do
    Example.run()
  rescue
    error in RuntimeError -> {:error, error.message}
  end

with {:error, reason} <- outcome do
  IO.puts(:stderr, reason)
  exit({:shutdown, 1})
end

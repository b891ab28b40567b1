// ModularIoT from C#: a cached token, one report, and a batch whose retries cannot double.
//
// Needs .NET 8 or newer, and nothing else. Run it with the settings that `npm start` wrote:
// `set -a; . data/quickstart.env; set +a; dotnet run --project examples/csharp`.

using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

try
{
    using var client = new Client(
        tokenUrl: SecureUrl("MIOT_TOKEN_URL"),
        apiUrl: SecureUrl("MIOT_API_URL"),
        clientId: Setting("MIOT_CLIENT_ID"),
        clientSecret: Setting("MIOT_CLIENT_SECRET"),
        audience: Setting("MIOT_AUDIENCE"));
    await client.TrackAsync(Reading(-33.45));
    Console.WriteLine("report kept");

    // The last one is wrong on purpose. The keys let you cut the backlog differently next time.
    Report[] backlog = [Reading(-33.46, 30), Reading(-33.47, 20), Reading(123, 10)];
    var keyed = backlog.Select(report => report with { IdempotencyKey = Guid.NewGuid() }).ToArray();
    var results = (await client.TrackBatchAsync(keyed)).Results;
    var refused = results.Where(item => item.Code != 200).ToList();
    Console.WriteLine($"batch: {results.Count - refused.Count} of {results.Count} kept");
    foreach (var item in refused)
    {
        var faults = JsonSerializer.Serialize(item.Errors);
        Console.WriteLine($"item {item.Index} refused: {item.Code} {item.Message} {faults}");
    }
    return 0;
}
catch (Exception failure) when (failure is HttpRequestException or InvalidOperationException)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}

static string Setting(string name) =>
    Environment.GetEnvironmentVariable(name) is { Length: > 0 } value
        ? value
        : throw new InvalidOperationException($"{name} is not set");

// Secrets and tokens leave this machine over TLS only.
static Uri SecureUrl(string name)
{
    var isUrl = Uri.TryCreate(Setting(name), UriKind.Absolute, out var url);
    if (isUrl && (url!.Scheme == "https" || (url.Scheme == "http" && url.IsLoopback))) return url;
    throw new InvalidOperationException($"{name} must be an https: URL");
}

static Report Reading(double latitude, int ageSeconds = 0) => new(
    Environment.GetEnvironmentVariable("ASSET_ID") ?? "TRUCK-001",
    DateTimeOffset.UtcNow.AddSeconds(-ageSeconds),
    new Gps(latitude, -70.66));

record Gps(double Latitude, double Longitude);

record Report(string AssetId, DateTimeOffset Timestamp, Gps Gps, Guid? IdempotencyKey = null);

record Item(int Index, int Code, string? Message, Dictionary<string, string>? Errors);

record BatchAnswer(IReadOnlyList<Item> Results);

record Login(string AccessToken, long ExpiresIn, long? RefreshIn);

record Answer(HttpStatusCode Status, TimeSpan RetryAfter, string Text);

/// <summary>May be shared by threads.</summary>
sealed class Client(Uri tokenUrl, Uri apiUrl, string clientId, string clientSecret, string audience)
    : IDisposable
{
    private const int MaxTries = 5;
    private static readonly TimeSpan BaseDelay = TimeSpan.FromMilliseconds(500);

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    // A redirect could carry the token elsewhere.
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false })
    {
        Timeout = TimeSpan.FromSeconds(10),
    };

    // Held during a login: however many wait for a token, one login runs.
    private readonly SemaphoreSlim gate = new(1);
    private string? token;
    private long usableUntilMs;

    public Task<JsonElement> TrackAsync(Report report) =>
        SendAsync<JsonElement>("/v1/asset/track", report);

    public Task<BatchAnswer> TrackBatchAsync(IReadOnlyList<Report> reports) =>
        SendAsync<BatchAnswer>("/v1/asset/track/batch", reports);

    public void Dispose()
    {
        http.Dispose();
        gate.Dispose();
    }

    /// <summary>Posts a body under one request id, however many tries that takes.</summary>
    private async Task<T> SendAsync<T>(string path, object body)
    {
        var requestId = Guid.NewGuid().ToString();
        var text = JsonSerializer.Serialize(body, Json);
        var url = apiUrl.ToString().TrimEnd('/') + path;
        Task<Answer> Attempt(string bearer) => WithRetriesAsync(() =>
        {
            var request = new HttpRequestMessage(HttpMethod.Post, url)
            {
                Content = new StringContent(text, Encoding.UTF8, "application/json"),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
            request.Headers.Add("X-Request-Id", requestId);
            request.Headers.Add(
                "X-Request-Timestamp", DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString());
            return request;
        });

        var accessToken = await GetTokenAsync();
        var answer = await Attempt(accessToken);
        if (answer.Status == HttpStatusCode.Unauthorized)
        {
            await ForgetAsync(accessToken);
            answer = await Attempt(await GetTokenAsync());
        }
        return Parse<T>(path, answer);
    }

    private async Task<string> GetTokenAsync()
    {
        await gate.WaitAsync();
        try
        {
            if (token is null || Environment.TickCount64 >= usableUntilMs) await LogInAsync();
            return token!;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Drops this token, and no other: another task may have replaced it since.</summary>
    private async Task ForgetAsync(string accessToken)
    {
        await gate.WaitAsync();
        if (token == accessToken) token = null;
        gate.Release();
    }

    private async Task LogInAsync()
    {
        var startedMs = Environment.TickCount64;
        var answer = await WithRetriesAsync(() => new HttpRequestMessage(HttpMethod.Post, tokenUrl)
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials",
                ["client_id"] = clientId,
                ["client_secret"] = clientSecret,
                ["audience"] = audience,
            }),
        });
        var login = Parse<Login>("login", answer);
        var usableSeconds = Math.Min(login.RefreshIn ?? login.ExpiresIn, login.ExpiresIn - 60);
        token = login.AccessToken;
        usableUntilMs = startedMs + usableSeconds * 1000;
    }

    private static T Parse<T>(string what, Answer answer) =>
        answer.Status == HttpStatusCode.OK
            ? JsonSerializer.Deserialize<T>(answer.Text, Json)!
            : throw new InvalidOperationException($"{what}: {(int)answer.Status} {answer.Text}");

    /// <summary>Repeats what may pass; returns or throws the outcome of the last try.</summary>
    private async Task<Answer> WithRetriesAsync(Func<HttpRequestMessage> newRequest)
    {
        for (var failures = 1; ; failures++)
        {
            var retryAfter = TimeSpan.Zero;
            try
            {
                var answer = await PostAsync(newRequest());
                if (!IsRetryable(answer.Status) || failures == MaxTries) return answer;
                retryAfter = answer.RetryAfter;
            }
            catch (TaskCanceledException timeout) when (failures == MaxTries)
            {
                throw new HttpRequestException("no answer in time", timeout);
            }
            catch (Exception failure) when (
                failures < MaxTries && failure is HttpRequestException or TaskCanceledException)
            {
                // No connection, no answer in time, or one that was cut off.
            }
            var doubled = BaseDelay * Math.Pow(2, failures - 1);
            var backoff = doubled * (0.5 + Random.Shared.NextDouble() / 2);
            var asked = retryAfter * (1 + Random.Shared.NextDouble() / 4);
            await Task.Delay(backoff > asked ? backoff : asked);
        }
    }

    private async Task<Answer> PostAsync(HttpRequestMessage request)
    {
        using var sent = request;
        using var response = await http.SendAsync(request);
        var retryAfter = response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero;
        var text = await response.Content.ReadAsStringAsync();
        return new Answer(response.StatusCode, retryAfter, text);
    }

    // 502 and 504 come from a proxy in front of the server.
    private static bool IsRetryable(HttpStatusCode status) => status is
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or
        HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
}

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.annotations.SerializedName;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;

/**
 * ModularIoT from Java: a cached token, one report, and a batch whose retries cannot double.
 *
 * <p>Needs Java 17 or newer, and Gson since the JDK reads no JSON. Run it with the settings that
 * {@code npm start} wrote: {@code set -a; . data/quickstart.env; set +a; cd examples/java; mvn -q
 * compile; java -cp 'target/classes:target/dependency/*' Client}.
 */
public final class Client {
  private static final int MAX_TRIES = 5;
  private static final double BASE_DELAY_MS = 500;
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  /** Beside failures of the network. 502 and 504 come from a proxy in front of the server. */
  private static final Set<Integer> RETRYABLE = Set.of(429, 502, 503, 504);
  private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "[::1]");

  private final Gson gson = new Gson();
  // It follows no redirects unless told to: one could carry the token elsewhere.
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
  private final URI tokenUrl;
  private final String apiUrl;
  private final String form;
  private Token token;

  private record Token(String value, long usableUntilNanos) {}

  private record Login(
      @SerializedName("access_token") String accessToken,
      @SerializedName("expires_in") long expiresIn,
      @SerializedName("refresh_in") Long refreshIn) {}

  record Gps(double latitude, double longitude) {}

  record Report(
      @SerializedName("asset_id") String assetId,
      String timestamp,
      Gps gps,
      @SerializedName("idempotency_key") String idempotencyKey) {}

  record Item(int index, int code, String message, JsonObject errors) {}

  record BatchAnswer(List<Item> results) {}

  Client(URI tokenUrl, URI apiUrl, Map<String, String> credentials) {
    this.tokenUrl = tokenUrl;
    this.apiUrl = apiUrl.toString();
    this.form =
        credentials.entrySet().stream()
            .map(field -> field.getKey() + "=" + encoded(field.getValue()))
            .collect(Collectors.joining("&"));
  }

  /** Posts a body under one request id, however many tries that takes. */
  <T> T send(String path, Object body, Class<T> answerType)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(URI.create(apiUrl + path))
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .header("X-Request-Id", UUID.randomUUID().toString())
            .POST(BodyPublishers.ofString(gson.toJson(body)));
    var accessToken = accessToken();
    var answer = withRetries(authorized(request, accessToken));
    if (answer.statusCode() == 401) {
      forget(accessToken);
      answer = withRetries(authorized(request, accessToken()));
    }
    return parsed(path, answer, answerType);
  }

  private static HttpRequest.Builder authorized(HttpRequest.Builder request, String accessToken) {
    return request.setHeader("Authorization", "Bearer " + accessToken);
  }

  /** However many threads wait for it, one login runs. */
  private synchronized String accessToken() throws IOException, InterruptedException {
    if (token == null || System.nanoTime() - token.usableUntilNanos >= 0) token = logIn();
    return token.value;
  }

  /** Drops this token, and no other: another thread may have replaced it since. */
  private synchronized void forget(String accessToken) {
    if (token != null && token.value.equals(accessToken)) token = null;
  }

  private Token logIn() throws IOException, InterruptedException {
    var started = System.nanoTime();
    var request =
        HttpRequest.newBuilder(tokenUrl)
            .timeout(TIMEOUT)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(form));
    var login = parsed("login", withRetries(request), Login.class);
    var usableSeconds = login.expiresIn - 60;
    if (login.refreshIn != null) usableSeconds = Math.min(usableSeconds, login.refreshIn);
    return new Token(login.accessToken, started + Duration.ofSeconds(usableSeconds).toNanos());
  }

  private <T> T parsed(String what, HttpResponse<String> answer, Class<T> type)
      throws IOException {
    if (answer.statusCode() == 200) return gson.fromJson(answer.body(), type);
    throw new IOException("%s: %d %s".formatted(what, answer.statusCode(), answer.body()));
  }

  /** Repeats what may pass; returns or throws the outcome of the last try. */
  private HttpResponse<String> withRetries(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    for (int failures = 1; ; failures++) {
      double retryAfterMs = 0;
      try {
        request.setHeader("X-Request-Timestamp", String.valueOf(Instant.now().getEpochSecond()));
        var answer = http.send(request.build(), BodyHandlers.ofString());
        if (!RETRYABLE.contains(answer.statusCode()) || failures == MAX_TRIES) return answer;
        retryAfterMs = retryAfterMs(answer);
      } catch (IOException failure) {
        if (failures == MAX_TRIES) throw failure;
      }
      var chance = ThreadLocalRandom.current();
      var backoffMs = BASE_DELAY_MS * (1 << (failures - 1)) * chance.nextDouble(0.5, 1);
      Thread.sleep((long) Math.max(backoffMs, retryAfterMs * chance.nextDouble(1, 1.25)));
    }
  }

  private static double retryAfterMs(HttpResponse<?> answer) {
    var value = answer.headers().firstValue("Retry-After").orElse("");
    return value.matches("\\d{1,9}") ? Integer.parseInt(value) * 1000.0 : 0;
  }

  private static String encoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8);
  }

  private static String setting(String name) throws IOException {
    var value = System.getenv(name);
    if (value == null || value.isEmpty()) throw new IOException(name + " is not set");
    return value;
  }

  /** Secrets and tokens leave this machine over TLS only. */
  private static URI secureUrl(String name) throws IOException {
    var url = URI.create(setting(name));
    var isLocal = url.getHost() != null && LOCAL.contains(url.getHost());
    if ("https".equals(url.getScheme()) || ("http".equals(url.getScheme()) && isLocal)) return url;
    throw new IOException(name + " must be an https: URL");
  }

  private static Report reading(double latitude, int ageSeconds, String idempotencyKey) {
    var assetId = System.getenv().getOrDefault("ASSET_ID", "TRUCK-001");
    var takenAt = Instant.now().minusSeconds(ageSeconds).toString();
    return new Report(assetId, takenAt, new Gps(latitude, -70.66), idempotencyKey);
  }

  private static void run() throws IOException, InterruptedException {
    var client =
        new Client(
            secureUrl("MIOT_TOKEN_URL"),
            secureUrl("MIOT_API_URL"),
            Map.of(
                "grant_type", "client_credentials",
                "client_id", setting("MIOT_CLIENT_ID"),
                "client_secret", setting("MIOT_CLIENT_SECRET"),
                "audience", setting("MIOT_AUDIENCE")));
    client.send("/v1/asset/track", reading(-33.45, 0, null), JsonObject.class);
    System.out.println("report kept");

    // The last one is wrong on purpose. The keys let you cut the backlog differently next time.
    var backlog =
        List.of(
            reading(-33.46, 30, UUID.randomUUID().toString()),
            reading(-33.47, 20, UUID.randomUUID().toString()),
            reading(123, 10, UUID.randomUUID().toString()));
    var results = client.send("/v1/asset/track/batch", backlog, BatchAnswer.class).results();
    var refused = results.stream().filter(item -> item.code() != 200).toList();
    System.out.printf("batch: %d of %d kept%n", results.size() - refused.size(), results.size());
    for (var item : refused) {
      System.out.printf(
          "item %d refused: %d %s %s%n", item.index(), item.code(), item.message(), item.errors());
    }
  }

  public static void main(String[] arguments) throws InterruptedException {
    try {
      run();
    } catch (IOException failure) {
      System.err.println(failure.getMessage());
      System.exit(1);
    }
  }
}

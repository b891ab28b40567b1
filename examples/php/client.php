<?php

/**
 * ModularIoT from PHP: a cached token, one report, and a batch whose retries cannot double.
 *
 * Needs PHP 8.1 or newer with its curl extension. Run it with the settings that `npm start` wrote:
 * `set -a; . data/quickstart.env; set +a; php examples/php/client.php`. Under PHP-FPM each request
 * starts anew: keep the token in APCu there, or every request logs in.
 */

declare(strict_types=1);

final class Refused extends RuntimeException {}

final class NetworkFailure extends RuntimeException {}

final class Answer
{
    public function __construct(
        public readonly int $status,
        public readonly int $retryAfterSeconds,
        public readonly string $text,
    ) {}

    public function json(): array
    {
        return json_decode($this->text, true, flags: JSON_THROW_ON_ERROR);
    }
}

final class Client
{
    private const MAX_TRIES = 5;
    private const BASE_DELAY_SECONDS = 0.5;
    private const TIMEOUT_SECONDS = 10;
    /** Beside failures of the network. 502 and 504 come from a proxy in front of the server. */
    private const RETRYABLE = [429, 502, 503, 504];

    private ?string $token = null;
    private float $usableUntil = 0;

    public function __construct(
        private readonly string $tokenUrl,
        private readonly string $apiUrl,
        private readonly string $clientId,
        #[SensitiveParameter] private readonly string $clientSecret,
        private readonly string $audience,
    ) {}

    public function track(array $report): array
    {
        return $this->send('/v1/asset/track', $report);
    }

    public function trackBatch(array $reports): array
    {
        return $this->send('/v1/asset/track/batch', $reports);
    }

    /** Posts a body under one request id, however many tries that takes. */
    private function send(string $path, array $body): array
    {
        $requestId = bin2hex(random_bytes(16));
        $json = json_encode($body, JSON_THROW_ON_ERROR);
        foreach (['first', 'second'] as $try) {
            $token = $this->token();
            $answer = $this->withRetries(fn () => $this->post($this->apiUrl . $path, $json, [
                "Authorization: Bearer $token",
                'Content-Type: application/json',
                "X-Request-Id: $requestId",
                'X-Request-Timestamp: ' . time(),
            ]));
            if ($answer->status !== 401 || $try === 'second') {
                break;
            }
            $this->token = null;
        }
        if ($answer->status !== 200) {
            throw new Refused("$path: {$answer->status} {$answer->text}");
        }
        return $answer->json();
    }

    private function token(): string
    {
        if ($this->token === null || self::now() >= $this->usableUntil) {
            $this->logIn();
        }
        return $this->token;
    }

    private function logIn(): void
    {
        $started = self::now();
        $form = http_build_query([
            'grant_type' => 'client_credentials',
            'client_id' => $this->clientId,
            'client_secret' => $this->clientSecret,
            'audience' => $this->audience,
        ]);
        $answer = $this->withRetries(fn () => $this->post($this->tokenUrl, $form, []));
        if ($answer->status !== 200) {
            throw new Refused("login: {$answer->status} {$answer->text}");
        }
        $json = $answer->json();
        $usable = min($json['refresh_in'] ?? $json['expires_in'], $json['expires_in'] - 60);
        $this->token = $json['access_token'];
        $this->usableUntil = $started + $usable;
    }

    /** Repeats what may pass; returns or throws the outcome of the last try. */
    private function withRetries(callable $attempt): Answer
    {
        for ($failures = 1; ; $failures++) {
            $retryAfter = 0;
            try {
                $answer = $attempt();
                $mayPass = in_array($answer->status, self::RETRYABLE, true);
                if (!$mayPass || $failures === self::MAX_TRIES) {
                    return $answer;
                }
                $retryAfter = $answer->retryAfterSeconds;
            } catch (NetworkFailure $failure) {
                if ($failures === self::MAX_TRIES) {
                    throw $failure;
                }
            }
            $chance = mt_rand() / mt_getrandmax();
            $backoff = self::BASE_DELAY_SECONDS * 2 ** ($failures - 1) * (0.5 + $chance / 2);
            usleep((int) (1e6 * max($backoff, $retryAfter * (1 + $chance / 4))));
        }
    }

    /** curl follows no redirect unless told to: one could carry the token elsewhere. */
    private function post(string $url, #[SensitiveParameter] string $body, array $headers): Answer
    {
        $retryAfter = 0;
        $curl = curl_init($url);
        curl_setopt_array($curl, [
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => self::TIMEOUT_SECONDS,
            CURLOPT_HEADERFUNCTION => function ($_, string $line) use (&$retryAfter): int {
                if (preg_match('/^retry-after:\s*(\d+)\s*$/i', $line, $match)) {
                    $retryAfter = (int) $match[1];
                }
                return strlen($line);
            },
        ]);
        $text = curl_exec($curl);
        if ($text === false) {
            throw new NetworkFailure("$url: " . curl_error($curl));
        }
        return new Answer(curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $retryAfter, $text);
    }

    /** Seconds, whatever happens to the clock on the wall. */
    private static function now(): float
    {
        return hrtime(true) / 1e9;
    }
}

function setting(string $name): string
{
    return getenv($name) ?: throw new RuntimeException("$name is not set");
}

/** Secrets and tokens leave this machine over TLS only. */
function secureUrl(string $name): string
{
    $url = parse_url(setting($name)) ?: [];
    $isLocal = in_array($url['host'] ?? '', ['localhost', '127.0.0.1', '[::1]'], true);
    $scheme = $url['scheme'] ?? '';
    if ($scheme === 'https' || ($scheme === 'http' && $isLocal)) {
        return setting($name);
    }
    throw new RuntimeException("$name must be an https: URL");
}

function reading(float $latitude, int $ageSeconds = 0): array
{
    return [
        'asset_id' => getenv('ASSET_ID') ?: 'TRUCK-001',
        'timestamp' => gmdate('Y-m-d\TH:i:s\Z', time() - $ageSeconds),
        'gps' => ['latitude' => $latitude, 'longitude' => -70.66],
    ];
}

try {
    $client = new Client(
        secureUrl('MIOT_TOKEN_URL'),
        secureUrl('MIOT_API_URL'),
        setting('MIOT_CLIENT_ID'),
        setting('MIOT_CLIENT_SECRET'),
        setting('MIOT_AUDIENCE'),
    );
    $client->track(reading(-33.45));
    echo "report kept\n";

    // The last one is wrong on purpose. The keys let you cut the backlog differently next time.
    $backlog = array_map(
        fn (array $report) => $report + ['idempotency_key' => bin2hex(random_bytes(16))],
        [reading(-33.46, 30), reading(-33.47, 20), reading(123, 10)],
    );
    ['counts' => $counts, 'results' => $results] = $client->trackBatch($backlog);
    printf("batch: %d of %d kept\n", $counts['items'] - $counts['refused'], $counts['items']);
    foreach ($results as $item) {
        if ($item['code'] !== 200) {
            $faults = json_encode($item['errors'] ?? new stdClass());
            echo "item {$item['index']} refused: {$item['code']} {$item['message']} $faults\n";
        }
    }
} catch (Exception $failure) {
    fwrite(STDERR, $failure->getMessage() . "\n");
    exit(1);
}

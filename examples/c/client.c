/*
 * ModularIoT from C: a cached token, one report, and a batch whose retries cannot double.
 *
 * The same file runs on a device (ESP-IDF, also below Arduino: port_esp_idf.c) and on a host with
 * libcurl (port_curl.c). Both need cJSON. On a host, with the settings that `npm start` wrote:
 * `make -C examples/c && (set -a; . data/quickstart.env; set +a; examples/c/client)`.
 */

#include "client.h"

#include <cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_TRIES = 5, BASE_DELAY_MS = 500 };

/* An RS256 token has about 1 KiB; this is the bound for anything we put together. */
enum { MAX_TEXT = 4096, ID_SIZE = 33 };

static struct {
    char *value; /* NULL where there is none. */
    int64_t usable_until_ms;
} token;

static void say(bool is_error, const char *format, ...)
{
    char line[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    port_print(is_error, line);
}

/* From 0 to 1. */
static double chance(void)
{
    return port_random() / (double)UINT32_MAX;
}

static void new_id(char id[ID_SIZE])
{
    for (int i = 0; i < 4; i++)
        snprintf(id + 8 * i, 9, "%08" PRIx32, port_random());
}

static void forget_token(void)
{
    free(token.value);
    token.value = NULL;
}

/* 0 is a failure of the network; 502 and 504 come from a proxy in front of the server. */
static bool is_retryable(int status)
{
    return status == 0 || status == 429 || status == 502 || status == 503 || status == 504;
}

/* Repeats what may pass, under the same request id; returns the outcome of the last try. */
static struct answer post_with_retries(const char *url, struct header *headers, size_t count,
                                       const char *body)
{
    char now[24];
    for (int failures = 1;; failures++) {
        snprintf(now, sizeof now, "%" PRId64, port_unix_time());
        headers[count] = (struct header){"X-Request-Timestamp", now};
        struct answer answer = port_post(url, headers, count + 1, body);
        if (!is_retryable(answer.status) || failures == MAX_TRIES)
            return answer;
        free(answer.body);
        double backoff_ms = BASE_DELAY_MS * (1 << (failures - 1)) * (0.5 + chance() / 2);
        double asked_ms = answer.retry_after_s * 1000.0 * (1 + chance() / 4);
        double wait_ms = backoff_ms > asked_ms ? backoff_ms : asked_ms;
        port_sleep_ms(wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX);
    }
}

/* Appends name=value as a form has it; false when there is no room. */
static bool add_field(char *form, const char *name, const char *value)
{
    size_t used = strlen(form);
    used += snprintf(form + used, MAX_TEXT - used, "%s%s=", used > 0 ? "&" : "", name);
    for (; *value != '\0'; value++) {
        if (used + 4 > MAX_TEXT)
            return false;
        bool is_plain = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
                               *value) != NULL;
        used += snprintf(form + used, 4, is_plain ? "%c" : "%%%02X", (unsigned char)*value);
    }
    return true;
}

static bool log_in(const struct settings *settings)
{
    static char form[MAX_TEXT];
    form[0] = '\0';
    if (!add_field(form, "grant_type", "client_credentials") ||
        !add_field(form, "client_id", settings->client_id) ||
        !add_field(form, "client_secret", settings->client_secret) ||
        !add_field(form, "audience", settings->audience)) {
        say(true, "the credentials are too long");
        return false;
    }
    struct header headers[2] = {{"Content-Type", "application/x-www-form-urlencoded"}};
    int64_t started_ms = port_monotonic_ms();
    struct answer answer = post_with_retries(settings->token_url, headers, 1, form);
    if (answer.status != 200) {
        say(true, "login: %d %s", answer.status, answer.body != NULL ? answer.body : "");
        free(answer.body);
        return false;
    }
    cJSON *json = cJSON_Parse(answer.body);
    free(answer.body);
    const char *access_token = cJSON_GetStringValue(cJSON_GetObjectItem(json, "access_token"));
    const cJSON *expires_in = cJSON_GetObjectItem(json, "expires_in");
    const cJSON *refresh_in = cJSON_GetObjectItem(json, "refresh_in");
    if (access_token != NULL && cJSON_IsNumber(expires_in)) {
        double usable_s = expires_in->valuedouble - 60;
        if (cJSON_IsNumber(refresh_in) && refresh_in->valuedouble < usable_s)
            usable_s = refresh_in->valuedouble;
        token.value = strdup(access_token);
        token.usable_until_ms = started_ms + (int64_t)(usable_s * 1000);
    }
    cJSON_Delete(json);
    if (token.value == NULL)
        say(true, "login: no token in the answer");
    return token.value != NULL;
}

/* Posts a body under one request id, however many tries that takes. NULL when it was refused. */
static cJSON *send_json(const struct settings *settings, const char *path, const cJSON *body)
{
    static char url[MAX_TEXT], authorization[MAX_TEXT];
    char request_id[ID_SIZE];
    new_id(request_id);
    snprintf(url, sizeof url, "%s%s", settings->api_url, path);
    char *text = cJSON_PrintUnformatted(body);
    struct answer answer = {0};
    for (int try = 1; try <= 2; try++) {
        if (token.value != NULL && port_monotonic_ms() >= token.usable_until_ms)
            forget_token();
        if (token.value == NULL && !log_in(settings)) {
            free(text);
            return NULL;
        }
        snprintf(authorization, sizeof authorization, "Bearer %s", token.value);
        struct header headers[4] = {
            {"Authorization", authorization},
            {"Content-Type", "application/json"},
            {"X-Request-Id", request_id},
        };
        free(answer.body);
        answer = post_with_retries(url, headers, 3, text);
        if (answer.status != 401)
            break;
        forget_token();
    }
    free(text);
    cJSON *json = answer.status == 200 ? cJSON_Parse(answer.body) : NULL;
    if (json == NULL)
        say(true, "%s: %d %s", path, answer.status, answer.body != NULL ? answer.body : "");
    free(answer.body);
    return json;
}

static cJSON *reading(const struct settings *settings, double latitude, int age_s)
{
    time_t taken_at = (time_t)(port_unix_time() - age_s);
    struct tm utc;
    char timestamp[32];
    gmtime_r(&taken_at, &utc);
    strftime(timestamp, sizeof timestamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
    cJSON *report = cJSON_CreateObject();
    cJSON_AddStringToObject(report, "asset_id", settings->asset_id);
    cJSON_AddStringToObject(report, "timestamp", timestamp);
    cJSON *gps = cJSON_AddObjectToObject(report, "gps");
    cJSON_AddNumberToObject(gps, "latitude", latitude);
    cJSON_AddNumberToObject(gps, "longitude", -70.66);
    return report;
}

/* 0 where there is no such number. */
static int int_member(const cJSON *json, const char *name)
{
    const cJSON *member = cJSON_GetObjectItem(json, name);
    return cJSON_IsNumber(member) ? member->valueint : 0;
}

static void show_batch(const cJSON *answer)
{
    const cJSON *results = cJSON_GetObjectItem(answer, "results");
    int items = 0, refused = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, results) {
        items++;
        refused += int_member(item, "code") != 200;
    }
    say(false, "batch: %d of %d kept", items - refused, items);
    cJSON_ArrayForEach(item, results) {
        if (int_member(item, "code") == 200)
            continue;
        const char *message = cJSON_GetStringValue(cJSON_GetObjectItem(item, "message"));
        char *faults = cJSON_PrintUnformatted(cJSON_GetObjectItem(item, "errors"));
        say(false, "item %d refused: %d %s %s", int_member(item, "index"), int_member(item, "code"),
            message != NULL ? message : "", faults != NULL ? faults : "");
        free(faults);
    }
}

/* Secrets and tokens leave this machine over TLS only. */
static bool is_secure(const char *name, const char *url)
{
    static const char *const LOCAL[] = {"http://localhost", "http://127.0.0.1", "http://[::1]"};
    if (strncmp(url, "https://", 8) == 0)
        return true;
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(LOCAL[i]);
        /* strchr finds the end of the string as well; before an @ is a user name, not the host. */
        if (strncmp(url, LOCAL[i], length) == 0 && strchr(":/", url[length]) != NULL &&
            strchr(url, '@') == NULL)
            return true;
    }
    say(true, "%s must be an https: URL", name);
    return false;
}

bool miot_example(const struct settings *settings)
{
    if (!is_secure("MIOT_TOKEN_URL", settings->token_url) ||
        !is_secure("MIOT_API_URL", settings->api_url))
        return false;

    cJSON *report = reading(settings, -33.45, 0);
    cJSON *answer = send_json(settings, "/v1/asset/track", report);
    cJSON_Delete(report);
    if (answer == NULL)
        return false;
    cJSON_Delete(answer);
    say(false, "report kept");

    /* The last one is wrong on purpose. The keys let you cut the backlog differently next time. */
    const double latitudes[] = {-33.46, -33.47, 123};
    cJSON *backlog = cJSON_CreateArray();
    for (int i = 0; i < 3; i++) {
        char key[ID_SIZE];
        new_id(key);
        cJSON *item = reading(settings, latitudes[i], 30 - 10 * i);
        cJSON_AddStringToObject(item, "idempotency_key", key);
        cJSON_AddItemToArray(backlog, item);
    }
    answer = send_json(settings, "/v1/asset/track/batch", backlog);
    cJSON_Delete(backlog);
    if (answer == NULL)
        return false;
    show_batch(answer);
    cJSON_Delete(answer);
    return true;
}

/* client.c on a host: libcurl, and the settings from the environment. */

#define _GNU_SOURCE

#include "client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const long TIMEOUT_S = 10;

struct buffer {
    char *text;
    size_t length;
};

static size_t append(char *data, size_t size, size_t count, void *into)
{
    struct buffer *buffer = into;
    char *text = realloc(buffer->text, buffer->length + size * count + 1);
    if (text == NULL)
        return 0;
    memcpy(text + buffer->length, data, size * count);
    buffer->text = text;
    buffer->length += size * count;
    text[buffer->length] = '\0';
    return size * count;
}

struct answer port_post(const char *url, const struct header *headers, size_t header_count,
                        const char *body)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return (struct answer){0};
    struct curl_slist *lines = NULL;
    for (size_t i = 0; i < header_count; i++) {
        char *line;
        if (asprintf(&line, "%s: %s", headers[i].name, headers[i].value) < 0)
            abort();
        lines = curl_slist_append(lines, line);
        free(line);
    }
    struct buffer buffer = {0};
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &buffer);

    struct answer answer = {0};
    CURLcode outcome = curl_easy_perform(curl);
    if (outcome == CURLE_OK) {
        long status;
        curl_off_t retry_after_s;
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after_s);
        answer = (struct answer){(int)status, (uint32_t)retry_after_s, buffer.text};
    } else {
        fprintf(stderr, "%s: %s\n", url, curl_easy_strerror(outcome));
        free(buffer.text);
    }
    curl_slist_free_all(lines);
    curl_easy_cleanup(curl);
    return answer;
}

int64_t port_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t port_unix_time(void)
{
    return time(NULL);
}

void port_sleep_ms(uint32_t ms)
{
    struct timespec left = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0) {
    }
}

uint32_t port_random(void)
{
    uint32_t value;
    if (getrandom(&value, sizeof value, 0) != sizeof value)
        abort();
    return value;
}

void port_print(bool is_error, const char *line)
{
    fprintf(is_error ? stderr : stdout, "%s\n", line);
}

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    if (value != NULL && *value != '\0')
        return value;
    fprintf(stderr, "%s is not set\n", name);
    exit(1);
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const char *asset_id = getenv("ASSET_ID");
    const struct settings settings = {
        .token_url = setting("MIOT_TOKEN_URL"),
        .api_url = setting("MIOT_API_URL"),
        .client_id = setting("MIOT_CLIENT_ID"),
        .client_secret = setting("MIOT_CLIENT_SECRET"),
        .audience = setting("MIOT_AUDIENCE"),
        .asset_id = asset_id != NULL ? asset_id : "TRUCK-001",
    };
    return miot_example(&settings) ? 0 : 1;
}

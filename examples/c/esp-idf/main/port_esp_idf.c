/*
 * client.c on an ESP32 with ESP-IDF 5: `idf.py menuconfig` (ModularIoT, and the Wi-Fi below Example
 * Connection Configuration), then `idf.py flash monitor`. In an Arduino sketch the same functions
 * are there; put client.c and this file beside it, and call miot_example once Wi-Fi and time are up.
 */

#include "client.h"

#include <esp_crt_bundle.h>
#include <esp_event.h>
#include <esp_http_client.h>
#include <esp_log.h>
#include <esp_netif.h>
#include <esp_netif_sntp.h>
#include <esp_random.h>
#include <esp_timer.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <nvs_flash.h>
#include <protocol_examples_common.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const TAG = "modulariot";

enum { TIMEOUT_MS = 10000, SNTP_TIMEOUT_MS = 30000 };

/* The default of 512 bytes does not hold an Authorization header with our token. */
enum { SEND_BUFFER_BYTES = 4096, RECEIVE_BUFFER_BYTES = 2048 };

/* Room for a token, or for what is wrong with a batch; more is a failure, not a crash. */
enum { MAX_ANSWER_BYTES = 16384 };

struct reply {
    char *text;
    size_t length;
    bool is_too_long;
    uint32_t retry_after_s;
};

static esp_err_t on_event(esp_http_client_event_t *event)
{
    struct reply *reply = event->user_data;
    if (event->event_id == HTTP_EVENT_ON_HEADER) {
        if (strcasecmp(event->header_key, "Retry-After") == 0)
            reply->retry_after_s = strtoul(event->header_value, NULL, 10);
    }
    if (event->event_id != HTTP_EVENT_ON_DATA || reply->is_too_long)
        return ESP_OK;
    size_t length = reply->length + event->data_len;
    char *text = length <= MAX_ANSWER_BYTES ? realloc(reply->text, length + 1) : NULL;
    if (text == NULL) {
        reply->is_too_long = true;
        return ESP_FAIL;
    }
    memcpy(text + reply->length, event->data, event->data_len);
    text[length] = '\0';
    reply->text = text;
    reply->length = length;
    return ESP_OK;
}

struct answer port_post(const char *url, const struct header *headers, size_t header_count,
                        const char *body)
{
    struct reply reply = {0};
    esp_http_client_config_t config = {
        .url = url,
        .method = HTTP_METHOD_POST,
        .timeout_ms = TIMEOUT_MS,
        .crt_bundle_attach = esp_crt_bundle_attach,
        .buffer_size = RECEIVE_BUFFER_BYTES,
        .buffer_size_tx = SEND_BUFFER_BYTES,
        /* A redirect could carry the token elsewhere, and a 401 is ours to handle. */
        .disable_auto_redirect = true,
        .max_authorization_retries = -1,
        .event_handler = on_event,
        .user_data = &reply,
    };
    esp_http_client_handle_t client = esp_http_client_init(&config);
    if (client == NULL)
        return (struct answer){0};
    for (size_t i = 0; i < header_count; i++)
        esp_http_client_set_header(client, headers[i].name, headers[i].value);
    esp_http_client_set_post_field(client, body, (int)strlen(body));

    esp_err_t outcome = esp_http_client_perform(client);
    /* An answer that was cut off, or was too long, counts as none. */
    bool is_whole = esp_http_client_is_complete_data_received(client) && !reply.is_too_long;
    int status = esp_http_client_get_status_code(client);
    esp_http_client_cleanup(client);
    if (outcome == ESP_OK && is_whole)
        return (struct answer){status, reply.retry_after_s, reply.text};
    ESP_LOGE(TAG, "%s: %s", url, esp_err_to_name(outcome));
    free(reply.text);
    return (struct answer){0};
}

int64_t port_monotonic_ms(void)
{
    return esp_timer_get_time() / 1000;
}

int64_t port_unix_time(void)
{
    return time(NULL);
}

void port_sleep_ms(uint32_t ms)
{
    /* pdMS_TO_TICKS overflows above some days. */
    for (; ms > 60000; ms -= 60000)
        vTaskDelay(pdMS_TO_TICKS(60000));
    vTaskDelay(pdMS_TO_TICKS(ms) + 1);
}

uint32_t port_random(void)
{
    return esp_random();
}

void port_print(bool is_error, const char *line)
{
    if (is_error)
        ESP_LOGE(TAG, "%s", line);
    else
        ESP_LOGI(TAG, "%s", line);
}

void app_main(void)
{
    ESP_ERROR_CHECK(nvs_flash_init());
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    ESP_ERROR_CHECK(example_connect());
    esp_sntp_config_t sntp = ESP_NETIF_SNTP_DEFAULT_CONFIG("pool.ntp.org");
    ESP_ERROR_CHECK(esp_netif_sntp_init(&sntp));
    /* Certificates and reports need the time. */
    ESP_ERROR_CHECK(esp_netif_sntp_sync_wait(pdMS_TO_TICKS(SNTP_TIMEOUT_MS)));

    const struct settings settings = {
        .token_url = CONFIG_MIOT_TOKEN_URL,
        .api_url = CONFIG_MIOT_API_URL,
        .client_id = CONFIG_MIOT_CLIENT_ID,
        .client_secret = CONFIG_MIOT_CLIENT_SECRET,
        .audience = CONFIG_MIOT_AUDIENCE,
        .asset_id = CONFIG_MIOT_ASSET_ID,
    };
    miot_example(&settings);
}

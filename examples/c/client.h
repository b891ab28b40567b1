/*
 * What the example needs of a platform. A new platform is a new port_*.c; client.c stays as it is.
 */

#ifndef MIOT_CLIENT_H
#define MIOT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All strings live as long as the program. */
struct settings {
    const char *token_url, *api_url, *client_id, *client_secret, *audience, *asset_id;
};

struct header {
    const char *name, *value;
};

struct answer {
    int status; /* 0 where the network failed. */
    uint32_t retry_after_s;
    char *body; /* Ends with a zero byte; freed by the caller. NULL where there is none. */
};

/* Posts once, over verified TLS, without following redirects. */
struct answer port_post(const char *url, const struct header *headers, size_t header_count,
                        const char *body);
/* Since some start; never goes back. */
int64_t port_monotonic_ms(void);
/* Unix time. On a device it needs SNTP first: a report carries the time it was taken. */
int64_t port_unix_time(void);
void port_sleep_ms(uint32_t ms);
uint32_t port_random(void);
void port_print(bool is_error, const char *line);

/* Sends a report and a batch; false when that failed. One task at a time may call it. */
bool miot_example(const struct settings *settings);

#endif

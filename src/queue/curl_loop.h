/*
 * curl_loop.h — libcurl's transfers on our loop: curl_multi_socket_action,
 * with libevent for its sockets and one timer.
 *
 * curl's own resolver is a thread and does not validate: whoever starts a
 * transfer resolves the name himself and gives it by CURLOPT_RESOLVE.
 */
#ifndef QUEUE_CURL_LOOP_H
#define QUEUE_CURL_LOOP_H

#include "curl_library.h"

#include <stdbool.h>

struct curl_loop;
struct loop;

/* `library` is copied. */
struct curl_loop *curl_loop_new(struct loop *l, const struct curl_library *library);
/* All transfers must have ended or been stopped. NULL is fine. */
void curl_loop_free(struct curl_loop *c);

const struct curl_library *curl_loop_library(const struct curl_loop *c);

/* Embedded in what it is for. */
struct curl_transfer {
        CURL *easy; /* borrowed; its CURLOPT_PRIVATE is the transfer's */
        void *owner;
        void (*ended)(void *owner, CURLcode code); /* may free the handle and start others */
        bool running;
};
/* `ended` comes once, never inside this call, unless it is stopped. */
void curl_loop_start(struct curl_loop *c, struct curl_transfer *t);
/* Harmless when it is not running. Not inside a callback of the handle. */
void curl_loop_stop(struct curl_loop *c, struct curl_transfer *t);

#endif

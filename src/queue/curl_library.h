/*
 * curl_library.h — libcurl, loaded when the first policy is wanted and not before.
 *
 * It brings some twenty libraries, which a server that never fetches a policy
 * need not have in memory: docs/adr/0013. Once loaded it stays until the end:
 * what it brings has destructors of threads and of the process.
 */
#ifndef QUEUE_CURL_LIBRARY_H
#define QUEUE_CURL_LIBRARY_H

#include "mailserver/core/error.h"

#include <curl/curl.h>

struct store;
struct task;

/* What we use of it, without its "curl_". */
#define CURL_LIBRARY_FUNCTIONS(X)                                                                  \
        X(global_init)                                                                             \
        X(global_cleanup)                                                                          \
        X(version_info)                                                                            \
        X(multi_init)                                                                              \
        X(multi_cleanup)                                                                           \
        X(multi_setopt)                                                                            \
        X(multi_assign)                                                                            \
        X(multi_socket_action)                                                                     \
        X(multi_info_read)                                                                         \
        X(multi_add_handle)                                                                        \
        X(multi_remove_handle)                                                                     \
        X(easy_init)                                                                               \
        X(easy_cleanup)                                                                            \
        X(easy_setopt)                                                                             \
        X(easy_getinfo)                                                                            \
        X(easy_strerror)                                                                           \
        X(slist_append)                                                                            \
        X(slist_free_all)

struct curl_library {
#define CURL_LIBRARY_MEMBER(name) __typeof__(curl_##name) *name;
        CURL_LIBRARY_FUNCTIONS(CURL_LIBRARY_MEMBER)
#undef CURL_LIBRARY_MEMBER
};

#define CURL_LIBRARY_FILE "libcurl.so.4"

/*
 * `file` as for dlopen(3); NULL: CURL_LIBRARY_FILE. ERR_NOTFOUND: it cannot be loaded, is too old,
 * or does TLS by another library than ours. Takes tens of milliseconds the first time, so it is
 * not for the loop of the server. Any thread.
 */
MUST_CHECK enum err curl_library_open(const char *file, struct curl_library *ret_library,
                                      struct error *reterr);
/* Part of it: what it says of itself. Its transfers hand us their SSL_CTX, which must be one of the
 * library that we call. */
MUST_CHECK enum err curl_library_fits(const curl_version_info_data *info, struct error *reterr);
/* Whether opening it would go well, tried in a process that ends with it. Only while there are no
 * threads. */
MUST_CHECK enum err curl_library_check(const char *file, struct error *reterr);

/* `library` is NULL if there is none; both are borrowed in the call. */
typedef void curl_library_fn(void *owner, const struct curl_library *library,
                             const struct error *error);
/* Opens it on a worker; `file` must live as long. NULL: too much else is to be done. Loop only. */
struct task *curl_library_load(struct store *store, const char *file, void *owner,
                               curl_library_fn *loaded);

#endif

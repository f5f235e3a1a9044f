/* cleanup.h — locals that free themselves. GCC and Clang; -std=gnu17. */
#ifndef MAILSERVER_CORE_CLEANUP_H
#define MAILSERVER_CORE_CLEANUP_H

#define AUTO(done_fn) __attribute__((cleanup(done_fn)))
/* Hands ownership out of an AUTO local: yields its value and leaves NULL behind. */
#define TAKE(p)                                                                                    \
        __extension__({                                                                            \
                __typeof__(p) taken_ = (p);                                                        \
                (p) = NULL;                                                                        \
                taken_;                                                                            \
        })

#endif

/* verifier_internal.h — what a verifier of nobody must look like: the same as anybody's. */
#ifndef AUTH_VERIFIER_INTERNAL_H
#define AUTH_VERIFIER_INTERNAL_H

/* The Argon2id string that is checked where there is none to check. */
extern const char verifier_dummy[];

/*
 * RFC 7677 4 wants 4,096 iterations at least. The work is the client's, at
 * every login, so it cannot be what Argon2id costs us.
 */
enum { VERIFIER_SCRAM_ITERATIONS = 15000, VERIFIER_SCRAM_SALT = 16 };

#endif

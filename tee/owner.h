/* SPDX-License-Identifier: MIT */
/*
 * owner.h - what a TEE gives to the owner's tool: build, measure, and believe a module.
 *
 * What     Runs on the owner's machine.  The image and its reference measurement come from the
 *          same build, so that evidence is compared with what was built.
 * Trust    OWNER.  Evidence and images that come back from a node are foreign bytes.
 * Memory   Strings and buffers in a result belong to the result; cw_owner_built_free frees it.
 */
#ifndef CW_TEE_OWNER_H
#define CW_TEE_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/limits.h"
#include "core/base/status.h"

#define CW_OWNER_WHY_LEN 1024u
#define CW_MEASUREMENT_LEN 32u
#define CW_PLATFORM_ID_LEN 32u

/* A node as the descriptor describes it; unset strings are NULL. */
struct cw_owner_node {
    const char *name;
    const char *tee;
    uint16_t vendor;         /* Sancus: vendor id                                            */
    const uint8_t *vendor_key; /* Sancus: [CW_KEY_LEN] bytes, from the owner's key store       */
    const char *memory_text; /* Sancus: "0x8000-0xdfff", where the owner may place text      */
    const char *memory_data; /* Sancus: the same for data                                    */
    const char *chip;        /* what the owner expects: "hardened" (default) or "exact"      */
    const uint8_t *platform; /* has_platform: the machine that evidence has to come from,
                                [CW_PLATFORM_ID_LEN]; NULL: none is pinned                   */
    const char *collateral;  /* has_platform: a folder or file with what verifies evidence;
                                NULL: what the node brings                                   */
    const char *const *allow_status; /* has_platform: of backend->statuses, ends with NULL;
                                        NULL: none but the best                              */
    uint32_t min_evaluation; /* has_platform: how new what verifies must be; 0: of any age   */
    const char *sdk_dir;     /* the SDK, for reference values that come with it; NULL: none  */
};

struct cw_owner_module {
    const char *name;
    const char *const *sources; /* paths, absolute                                  */
    size_t source_count;
    const char *device;       /* "port1": the device that it owns; NULL: none       */
    const char *on_interrupt; /* an entry's name, or NULL                           */
    uint16_t channels;        /* 0: the TEE's default                               */
    bool is_debug;            /* with its log lines: another image                  */
};

/* One row of the module's endpoint table, in order; its place is its index. */
struct cw_owner_endpoint {
    char name[64];
    uint8_t kind; /* CW_KIND_* */
    uint16_t max;
    uint16_t reply_max;
};

struct cw_owner_built {
    uint8_t *image; /* what LOAD carries, [image_len] bytes */
    size_t image_len;
    uint8_t measurement[CW_MEASUREMENT_LEN]; /* reference value, as the TEE defines it     */
    uint8_t root_key[CW_KEY_LEN];            /* TEEs of session_chip.c; secret; else zeros */
    struct cw_owner_endpoint *endpoints;
    size_t endpoint_count;
    uint16_t channels;     /* ends of connections that the image has room for */
    uint32_t text_len;     /* bytes, for people and budgets                   */
    uint32_t data_len;
    uint32_t stack_len;    /* worst case; 0 unknown                           */
    uint32_t stack_cap;    /* bytes that it has; 0: as many as it needs       */
    uint32_t text_left;    /* bytes that its node has left behind it, if      */
    uint32_t data_left;    /* stack_cap is set                                */
    char fingerprint[128]; /* printable identity for `status`                 */
};

struct cw_owner_build {
    const char *sdk_dir;   /* the SDK: headers, runtimes, linker scripts (build/sdk or installed)   */
    const char *include_dir; /* the application's folder                                            */
    const char *out_dir;   /* exists; intermediate files stay there                                 */
    const uint8_t *owner_key; /* X25519 public key, [CW_DH_LEN], for TEEs of session_dh.c           */
    const uint8_t *secret;    /* what the backend's struct cw_owner_secret made                     */
    size_t secret_len;
    bool debug;
};

/*
 * What a TEE's builds need of the owner and nobody else may have, such as a signing key.  Made at
 * first need, kept sealed in the owner's state like all its keys, one for all modules.
 */
#define CW_OWNER_SECRET_MAX 4096u

struct cw_owner_secret {
    const char *name; /* "signer" */
    cw_status (*make)(uint8_t *ret_bytes, size_t cap, size_t *ret_len);
};

/* How far evidence can be believed. */
struct cw_owner_verdict {
    bool genuine;      /* the evidence is this image's, in this life                 */
    bool is_protected; /* a chip, or something that stands for one, isolates it      */
    bool emulated;     /* the chip is software: its host's root sees everything      */
    char text[640];    /* one line for people                                        */
    char signer[2 * CW_MEASUREMENT_LEN + 1]; /* who answers for it, hex; empty: the TEE has none */
    char platform[2 * CW_PLATFORM_ID_LEN + 1]; /* the machine, hex; empty: it is not told        */
    char tcb[64];      /* what the maker of the chip says of its state; empty: nothing */
    /*
     * How often the platform started, and a seed of this start: a lower number than the owner saw,
     * or the same one with another seed, tells that an older copy of the platform was put back.
     */
    uint64_t start_count; /* 0: the TEE does not count */
    uint8_t start_seed[32];
};

struct cw_tool; /* posix/tool.h: a command line that grows */

/*
 * What stands for the chip of a node that the owner's tool runs itself ("address": "local"): a
 * program beside causeway-node.  It works in a folder of its own, board/ beside that of the node.
 */
struct cw_owner_local {
    const char *program;
    const char *key_file; /* of its folder: there it finds its node key, in hex; NULL: it makes
                             its own keys                                                    */
    const char *socket;   /* of its folder: there when the program is ready              */
    const char *platform; /* --platform of causeway-node, whose folder lies beside board/ */

    /* Add the program's arguments. */
    void (*arguments)(const struct cw_owner_node *node, const char *sdk_dir,
            struct cw_tool *ret_arguments);

    /*
     * Before the program starts in this folder, of its own, whether or not it was here before; NULL:
     * nothing to do.  What fails was logged.
     */
    cw_status (*prepare)(const struct cw_owner_node *node, const char *sdk_dir, const char *folder);

    /* Is what prepare laid there still what it would lay?  If not, the chip is started anew; NULL: yes. */
    bool (*is_current)(const char *sdk_dir, const char *folder);

    /* The key that a chip with this node key gives to a vendor; NULL if key_file is. */
    void (*vendor_key)(const uint8_t node_key[static CW_KEY_LEN], uint16_t vendor,
            uint8_t ret_key[static CW_KEY_LEN]);

    /*
     * Who the chip is that runs in this folder, as struct cw_owner_node pins it; NULL: nothing to pin.
     *
     * CW_E_ABSENT  it never ran.  CW_E_FORM: its files are broken; logged.
     */
    cw_status (*identify)(const char *folder, uint8_t ret_platform[static CW_PLATFORM_ID_LEN]);
};

/*
 * A verb of the TEE's own, `causeway TEE NAME WORDS`: for people without a descriptor, such as a
 * look at an image.  Help, completion and the command line learn of it from this row.
 */
struct cw_owner_call {
    const char *const *operands;
    size_t operand_count;
    const char *const *values; /* a row of options each: NULL not given, "" given without a value */
    const char *sdk_dir;       /* of a verb that needs_sdk                                       */
    bool json;                 /* then it prints nothing, and gives ret_result                   */
};

struct json_t;
struct cw_args_option; /* posix/args.h */

struct cw_owner_verb {
    const char *name;    /* "inspect"                                                     */
    const char *summary; /* "what is in an image", without a capital letter and full stop */
    const char *operands; /* "FILE [FILE]", as help shows them                            */
    const char *example;  /* "causeway sgx inspect image.sgx"                             */
    const struct cw_args_option *options; /* ends with {0}; NULL: none of its own.  A name that
                                             another verb has means the same and takes a value, or
                                             takes none, as there                               */
    size_t least; /* operands */
    size_t most;
    bool needs_sdk;

    /*
     * ret_result  an object for --json, under the verb's name; NULL: nothing to tell
     *
     * CW_E_FORM  wrong words, or a file that is not what it should be (exit status 2)
     * CW_E_DENIED  evidence is refused (3).  Whatever fails was logged.
     */
    cw_status (*run)(const struct cw_owner_call *call, struct json_t **ret_result);
};

/* One thing about this machine, for doctor; remedy: what to do where it is not as it should be. */
typedef void cw_owner_say_fn(void *ctx, bool is_well, const char *text, const char *remedy);

struct cw_owner_backend {
    const char *name;
    bool session_dh;          /* its images link session_dh.c; else session_chip.c   */
    bool has_device;          /* modules can own a device                            */
    bool has_random;
    bool has_aes;
    bool has_platform;        /* the descriptor may pin a node's machine, and say what is held
                                 against its evidence                                      */
    const char *const *statuses; /* has_platform: words of a node's "allow_status", ends with NULL */
    bool needs_sdk;           /* what evidence is held against comes with the SDK, too     */
    bool needs_quote;         /* its node turns evidence into what verify takes: proof is then
                                 the answer to CW_NODE_QUOTE (core/wire/node.h), whole     */
    uint8_t freshness;        /* CW_FRESH_*: the best that this TEE's chips have     */

    /* Tools that a build needs: CW_OK, or what to install in ret_why. */
    cw_status (*needs)(char ret_why[static CW_OWNER_WHY_LEN]);

    /*
     * Build all modules of one node together (so that they can be laid out side by side).
     *
     * ret_built  [module_count] results, zeroed by the caller
     * ret_why    on failure: the compiler's words, or what does not fit, and the remedy
     */
    cw_status (*build)(const struct cw_owner_build *build, const struct cw_owner_node *node,
            const struct cw_owner_module *modules, size_t module_count,
            struct cw_owner_built *ret_built, char ret_why[static CW_OWNER_WHY_LEN]);

    /*
     * Verify a proof (what follows the CW_EVIDENCE_LEN bytes of EVIDENCE).
     *
     * proof      [proof_len] foreign bytes; session_dh: without the share
     * report     session_dh: what the module bound into it; else NULL
     * life       the CW_EVIDENCE_LEN bytes; nonce: what the owner sent
     *
     * CW_OK  see ret_verdict.  CW_E_AUTH: not this image, or not fresh; why is in the text.
     */
    cw_status (*verify)(const struct cw_owner_node *node, const struct cw_owner_built *built,
            const uint8_t nonce[static CW_NONCE_LEN], const uint8_t life[static 32],
            const uint8_t *report, const uint8_t *proof, size_t proof_len,
            struct cw_owner_verdict *ret_verdict);

    /* What this machine has for the TEE; NULL: nothing of its own.  sdk_dir: NULL if
     * there is no SDK.  Executes nothing odd. */
    void (*examine)(const char *sdk_dir, cw_owner_say_fn *say, void *ctx);

    const struct cw_owner_local *local; /* NULL: a local node is causeway-node alone */
    const struct cw_owner_secret *secret; /* what its builds need; NULL: nothing             */
    const struct cw_owner_verb *const *verbs; /* of its own, ends with NULL; NULL: none */
};

void cw_owner_built_free(struct cw_owner_built *built);

/* deploy/backends.c: every backend of this build, ends with NULL. */
extern const struct cw_owner_backend *const cw_owner_backends[];

extern const struct cw_owner_backend cw_owner_native;
extern const struct cw_owner_backend cw_owner_sancus;
extern const struct cw_owner_backend cw_owner_sgx;
extern const struct cw_owner_backend cw_owner_trustzone;

#endif

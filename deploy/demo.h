/* SPDX-License-Identifier: MIT */
/*
 * demo.h - `causeway demo`: boards, nodes and a hostile network on this machine, and what is shown
 * with them.
 *
 * What     Starts real programs, each with a log in a folder of its own, and drives them as people
 *          would: the owner by this program's own verbs, the button by the board's control socket,
 *          the page by curl, the network by commands to causeway-adversary.  Believes only what
 *          modules answer (`causeway status`), the LED and the page.
 *
 *              demo_step.c    steps: a line each, with its time and verdict
 *              demo_part.c    processes and the sockets to them
 *              demo_owner.c   verbs of the owner, and the page
 *              demo_setup.c   from an empty folder to a button that works
 *              demo_attack.c  the attacks on the network
 *              demo_world.c   the attacks of the normal world on a TrustZone board
 *              demo_live.c    the button under somebody's finger
 *
 * Trust    OWNER; on a machine where nothing is at stake.
 * Errors   false: the step that is under way was marked as failed, with the reason.
 */
#ifndef CW_DEPLOY_DEMO_H
#define CW_DEPLOY_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"
#include "posix/proc.h"

struct json_t;

#define CW_DEMO_NODES 5u  /* three boards, node_sgx, and a neighbour for its database */
#define CW_DEMO_LEDS 2u
#define CW_DEMO_PARTS_MAX 12u
#define CW_DEMO_TEXT_CAP 512u
#define CW_DEMO_PATIENCE_MS 5000u /* for whatever takes milliseconds when all is well */

/* Boards, in the order of their nodes. */
typedef enum cw_demo_place {
    CW_DEMO_SANCUS1,   /* a button                                    */
    CW_DEMO_SANCUS2,   /* a light                                     */
    CW_DEMO_TRUSTZONE, /* both, and the controller of everything      */
    CW_DEMO_BOARDS
} cw_demo_place;

/* The connections that are attacked. */
typedef enum cw_demo_connection {
    CW_DEMO_BUTTON, /* button_driver to controller, SPONGENT */
    CW_DEMO_LED,    /* controller to led_driver, SPONGENT    */
    CW_DEMO_COUNT,  /* controller to db, AES-GCM             */
    CW_DEMO_CONNECTIONS
} cw_demo_connection;

/* What both ends of a connection say of it, authenticated. */
struct cw_demo_reading {
    uint64_t channel;
    uint64_t received;
    uint64_t refused_auth;
    uint64_t refused_replay;
};

struct cw_demo_part {
    char *name;
    char *log;
    struct cw_proc proc;
};

/* A socket that takes and gives lines. */
struct cw_demo_lines {
    int fd; /* -1: closed */
    char *bytes;
    size_t len;
};

struct cw_demo {
    bool json;
    bool color;
    bool is_kept; /* the folder was named by the user */
    char *folder;
    char *programs; /* where this program and its neighbours lie */
    char *self;
    char *example;
    char *firmware; /* of a Sancus board */
    char *normal;   /* what a TrustZone board runs in its normal world */
    char *descriptor;
    char *certificate;
    char *url;
    char *flash; /* of the TrustZone board */

    struct cw_demo_part parts[CW_DEMO_PARTS_MAX];
    size_t part_count;
    struct cw_demo_lines boards[CW_DEMO_BOARDS];
    struct cw_demo_lines adversary;
    char node_address[CW_DEMO_NODES][64];
    char node_print[CW_DEMO_NODES][80]; /* fingerprint */
    char open_address[CW_DEMO_NODES][64]; /* of the adversary, in front of it */

    uint64_t begun_ns;
    uint64_t step_ns;
    char title[CW_DEMO_TEXT_CAP];
    char reason[CW_DEMO_TEXT_CAP];
    struct json_t *steps;
    unsigned held_count;
    unsigned failed_count;

    bool led[CW_DEMO_LEDS]; /* as they must be: of board SANCUS2, of TRUSTZONE */
    uint64_t presses;  /* as the page must say */
    struct cw_demo_reading now[CW_DEMO_CONNECTIONS];
};

/* --- demo_step.c ---------------------------------------------------------------------------- */

void cw_demo_begin(struct cw_demo *d, const char *title);

/* cw_demo_done - the step held; detail as for printf. */
__attribute__((format(printf, 2, 3))) bool cw_demo_done(struct cw_demo *d, const char *detail,
        ...);

/* cw_demo_fail - the step did not hold.  The first reason given is kept; returns false. */
__attribute__((format(printf, 2, 3))) bool cw_demo_fail(struct cw_demo *d, const char *reason,
        ...);

/* cw_demo_broken - close a step that failed. */
void cw_demo_broken(struct cw_demo *d);

/* cw_demo_say - a line between steps. */
__attribute__((format(printf, 2, 3))) void cw_demo_say(const struct cw_demo *d,
        const char *text, ...);

uint64_t cw_demo_now_ms(const struct cw_demo *d);

/* cw_demo_again - sleep a little; false: it is later than until_ms, or somebody asked to stop. */
bool cw_demo_again(struct cw_demo *d, uint64_t until_ms);

/* cw_demo_watch_signals - from now on SIGINT and SIGTERM ask to stop. */
void cw_demo_watch_signals(void);
bool cw_demo_is_stopped(void);

/* --- demo_part.c ---------------------------------------------------------------------------- */

/* cw_demo_start - a program that lies beside this one; arguments behind its name, then NULL. */
CW_MUST_CHECK bool cw_demo_start(struct cw_demo *d, const char *name, const char *program,
        const char *const *arguments);

/* cw_demo_first_line - what the part printed first.  The caller frees it; NULL: failed. */
char *cw_demo_first_line(struct cw_demo *d, const char *name);

/* cw_demo_are_alive - do all parts run? */
bool cw_demo_are_alive(struct cw_demo *d);
void cw_demo_stop(struct cw_demo *d);

CW_MUST_CHECK bool cw_demo_open(struct cw_demo *d, struct cw_demo_lines *lines, const char *path);
void cw_demo_close(struct cw_demo_lines *lines);

/* cw_demo_read - the next whole line, within timeout_ms; NULL: none.  Freed by the caller. */
char *cw_demo_read(struct cw_demo_lines *lines, uint32_t timeout_ms);

/* cw_demo_board - a command and its answer without "ok "; freed by the caller.  NULL: failed. */
char *cw_demo_board(struct cw_demo *d, cw_demo_place board, const char *command);

/* cw_demo_tell - the same where the answer says nothing. */
CW_MUST_CHECK bool cw_demo_tell(struct cw_demo *d, cw_demo_place board, const char *command);

/* cw_demo_network - a command to the adversary, as for printf, and its answer.  NULL: failed. */
__attribute__((format(printf, 2, 3))) struct json_t *cw_demo_network(struct cw_demo *d,
        const char *command, ...);

/* --- demo_owner.c --------------------------------------------------------------------------- */

/* cw_demo_verb - `causeway --json VERB ...`; words end with NULL.  NULL: failed. */
struct json_t *cw_demo_verb(struct cw_demo *d, const char *verb, const char *const *words);

/* cw_demo_refused - the verb must refuse evidence, and say why; freed by the caller.  NULL: failed. */
char *cw_demo_refused(struct cw_demo *d, const char *verb);

const char *cw_demo_connection_name(cw_demo_connection c);

/* cw_demo_look - d->now becomes what the modules say now (`causeway status`). */
CW_MUST_CHECK bool cw_demo_look(struct cw_demo *d);

/* cw_demo_page - the number that the page shows. */
CW_MUST_CHECK bool cw_demo_page(struct cw_demo *d, uint64_t *ret_presses);

CW_MUST_CHECK bool cw_demo_led(struct cw_demo *d, unsigned led, bool *ret_is_on);

/* cw_demo_press - press the button of a board; nothing is awaited. */
CW_MUST_CHECK bool cw_demo_press(struct cw_demo *d, cw_demo_place board);

/* cw_demo_toggle - what a press that arrives everywhere changes: LEDs, and the page. */
void cw_demo_toggle(struct cw_demo *d);

/* cw_demo_settle - LEDs and page become what d->led and d->presses say, within timeout_ms. */
CW_MUST_CHECK bool cw_demo_settle(struct cw_demo *d, uint32_t timeout_ms);

/* --- demo_setup.c, demo_attack.c, demo_world.c, demo_live.c ------------------------------------ */

CW_MUST_CHECK bool cw_demo_set_up(struct cw_demo *d);
CW_MUST_CHECK bool cw_demo_presses(struct cw_demo *d);

/* cw_demo_attack - all of them; one that does not hold does not keep the next from being tried. */
void cw_demo_attack(struct cw_demo *d);

struct cw_demo_attack {
    const char *title;
    bool (*run)(struct cw_demo *d);
};

/* Ends with a row of zeros. */
extern const struct cw_demo_attack cw_demo_world_attacks[];

/* cw_demo_press_works - one more press of a Sancus button, all the way. */
CW_MUST_CHECK bool cw_demo_press_works(struct cw_demo *d);

CW_MUST_CHECK bool cw_demo_live(struct cw_demo *d);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * web.h - HTTPS inside a module: TLS ends here, and the node carries ciphertext.
 *
 *     #include "causeway.h"
 *     #include "services/web/client/web.h"
 *
 *     CW_INPUT(init, name, len) { (void)cw_web_start((const char *)name, len); }
 *     CW_HANDLER(get_cert, data, len, reply, 64, 1024) { (void)cw_web_certificate_put(reply); }
 *
 *     cw_web_status cw_web_get(const char *path, struct cw_reply *page)
 *     {
 *         return cw_reply_put(page, "<p>Hello</p>", 12) == CW_OK ? CW_WEB_OK : CW_WEB_BROKEN;
 *     }
 *
 * What     The descriptor's "serve" of the module tells the node where to listen.  The key is made
 *          by cw_web_start from the chip's random source and never leaves; who gets the
 *          certificate over an authenticated connection and pins it talks to this module.
 * Trust    TRUSTED.  All bytes of a stream come from the attacker.
 * Memory   Static: CW_WEB_STREAMS connections of about 25 KiB.  One more waits at the node.
 * Needs    A TEE with a random source.
 */
#ifndef CW_SERVICES_WEB_CLIENT_WEB_H
#define CW_SERVICES_WEB_CLIENT_WEB_H

#include <stddef.h>

#include "sdk/causeway.h"

#define CW_WEB_STREAMS 4u
#define CW_WEB_REQUEST_MAX 2048u /* bytes of a request with its header fields */
#define CW_WEB_PAGE_MAX 2048u    /* bytes of a page                           */

typedef enum cw_web_status {
    CW_WEB_OK,     /* 200: here is the page              */
    CW_WEB_ABSENT, /* 404: no such page                  */
    CW_WEB_LATER,  /* 503: what it is made of is missing */
    CW_WEB_BROKEN, /* 500                                */
} cw_web_status;

/*
 * cw_web_start - make key and certificate, and take streams from now on.
 *
 * name  for the certificate; [len] bytes, 0: localhost, 127.0.0.1 and ::1
 *
 * CW_E_STATE   it has started before: the key stays
 * CW_E_ABSENT  no random source
 * CW_E_FORM, CW_E_SPACE  not a host name; too long
 */
cw_status cw_web_start(const char *name, size_t len);

/* cw_web_certificate_put - append the certificate, PEM.  CW_E_STATE: not started yet. */
cw_status cw_web_certificate_put(struct cw_reply *reply);

/*
 * cw_web_get - the module's own: the page at path.
 *
 * path  begins with '/', ends with 0; printable ASCII without query
 * page  HTML; append with cw_reply_put, at most CW_WEB_PAGE_MAX bytes
 *
 * May make requests to other modules: meanwhile the module serves nobody else.
 */
cw_web_status cw_web_get(const char *path, struct cw_reply *page);

#endif

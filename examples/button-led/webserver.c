/* SPDX-License-Identifier: MIT */
/*
 * Shows how often the button was pressed, over HTTPS.  The key is made in here and never leaves;
 * the owner gets the certificate by an authenticated request, and so knows whose page it reads.
 */
#include "causeway.h"
#include "services/web/client/web.h"

CW_REQUEST(get_presses);

/* Begin to serve; the argument is the name for the certificate, nothing means this machine. */
CW_INPUT(init, name, len)
{
    (void)cw_web_start((const char *)name, len);
}

/* The certificate, PEM; nothing before init. */
CW_HANDLER(get_cert, data, len, reply, 64, 1024)
{
    (void)data;
    (void)len;
    (void)cw_web_certificate_put(reply);
}

static void put(struct cw_reply *page, const char *text)
{
    size_t len = 0;
    while (text[len] != 0) {
        len++;
    }
    (void)cw_reply_put(page, text, len);
}

cw_web_status cw_web_get(const char *path, struct cw_reply *page)
{
    char presses[16];
    size_t len;
    if (path[0] != '/' || path[1] != 0) {
        return CW_WEB_ABSENT;
    }
    if (get_presses(NULL, 0, presses, sizeof presses, &len) != CW_OK) {
        return CW_WEB_LATER; /* the database does not answer */
    }
    put(page, "<!doctype html>\n<title>Button</title>\n<p>Button presses: ");
    (void)cw_reply_put(page, presses, len);
    put(page, "</p>\n");
    return CW_WEB_OK;
}

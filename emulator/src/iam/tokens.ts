import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { unauthenticated } from "../http/errors";
import type { Principal } from "../http/types";
import { OPERATOR_TOKEN_FILE } from "./operator-token";

/**
 * A token as returned by a metadata server:
 * https://cloud.google.com/compute/docs/access/authenticate-workloads#applications
 */
export interface AccessToken {
    readonly accessToken: string;
    readonly expiresInSeconds: number;
}

interface Claims {
    readonly email: string;
    readonly scopes?: readonly string[];
    readonly expiresAt: number;
}

const PREFIX = "emulator-service-account.";
const LIFETIME_SECONDS = 3600;
/**
 * Random per process. After a restart, old tokens are rejected, and clients request new ones from the metadata server.
 */
const secret = randomBytes(32);

/**
 * Creates an access token for a service account, as issued by a metadata server. It is valid for an hour within this
 * process.
 *
 * @param scopes the access scopes that limit the token; if omitted, it is not limited
 */
export function mintToken(email: string, scopes?: readonly string[], now = Date.now()): AccessToken {
    const claims: Claims = {
        email,
        ...(scopes === undefined ? {} : { scopes }),
        expiresAt: now + LIFETIME_SECONDS * 1000,
    };
    const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
    return {
        accessToken: `${PREFIX}${payload}.${sign(payload).toString("base64url")}`,
        expiresInSeconds: LIFETIME_SECONDS,
    };
}

/**
 * Returns the principal that a bearer token identifies: the service account for which it was minted, or the developer
 * for the operator's token.
 *
 * @param operatorToken undefined if the operator's token is not accepted
 * @throws ApiError 401 for any other token, or for a minted token that has expired or comes from an earlier process
 */
export function principalOf(token: string | undefined, operatorToken: string | undefined, now = Date.now()): Principal {
    if (token === undefined) {
        return { kind: "anonymous" };
    }
    if (!token.startsWith(PREFIX)) {
        // Compare digests, because a constant-time comparison requires equal lengths.
        if (operatorToken !== undefined && timingSafeEqual(sign(token), sign(operatorToken))) {
            return { kind: "owner" };
        }
        throw unauthenticated(
            "Request had invalid authentication credentials. (The developer's token is in the file " +
                `${OPERATOR_TOKEN_FILE} of the emulator's data folder.)`,
        );
    }
    const [payload = "", signature = ""] = token.slice(PREFIX.length).split(".");
    const expected = sign(payload);
    const actual = Buffer.from(signature, "base64url");
    if (actual.length === expected.length && timingSafeEqual(actual, expected)) {
        const { expiresAt, ...account } = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Claims;
        if (now < expiresAt) {
            return { kind: "serviceAccount", ...account };
        }
    }
    throw unauthenticated("Request had invalid authentication credentials: the token has expired.");
}

function sign(payload: string): Buffer {
    return createHmac("sha256", secret).update(payload).digest();
}

import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Name of the file in the data folder. */
export const OPERATOR_TOKEN_FILE = "operator-token";

/**
 * Reads the bearer token for the person who runs the emulator. A new folder gets a random token, which survives
 * restarts. Only the file's owner can read it (mode 0600), so that web pages, other users and containers cannot obtain
 * it.
 */
export function readOperatorToken(dataDir: string): string {
    const file = path.join(dataDir, OPERATOR_TOKEN_FILE);
    const kept = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
    if (kept !== "") {
        chmodSync(file, 0o600);
        return kept;
    }
    const token = randomBytes(24).toString("base64url");
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    return token;
}

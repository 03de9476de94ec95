import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { OPERATOR_TOKEN_FILE, readOperatorToken } from "../../src/iam/operator-token";
import { mintToken, principalOf } from "../../src/iam/tokens";

const OPERATOR = "the operator's";

describe("a bearer token", () => {
    const email = "trainer@demo-project.iam.gserviceaccount.com";

    it("authenticates as its service account for an hour", () => {
        const now = Date.now();
        const { accessToken } = mintToken(email, undefined, now);
        expect(principalOf(accessToken, OPERATOR, now + 3_599_000)).toEqual({ kind: "serviceAccount", email });
        expect(() => principalOf(accessToken, OPERATOR, now + 3_600_000)).toThrow(
            expect.objectContaining({ code: 401 }),
        );
    });

    it("is rejected if it has been tampered with, and does not count as the developer's token", () => {
        const [prefix, payload, signature] = mintToken(email).accessToken.split(".");
        const other = Buffer.from(JSON.stringify({ email: "other", expiresAt: Date.now() + 1e6 })).toString(
            "base64url",
        );
        for (const forged of [
            `${prefix}.${other}.${signature}`,
            `${prefix}.${payload}.`,
            `${prefix}.${payload}`,
            `${prefix}.`,
        ]) {
            expect(() => principalOf(forged, OPERATOR)).toThrow(expect.objectContaining({ code: 401 }));
        }
    });

    it("belongs to the developer if it is the operator's token, but not if it is altered in any way", () => {
        expect(principalOf(OPERATOR, OPERATOR)).toEqual({ kind: "owner" });
        for (const other of ["", "placeholder", `${OPERATOR}x`, OPERATOR.slice(0, -1), OPERATOR.toUpperCase()]) {
            expect(() => principalOf(other, OPERATOR)).toThrow(expect.objectContaining({ code: 401 }));
        }
        expect(principalOf(undefined, OPERATOR)).toEqual({ kind: "anonymous" });
    });

    it("belongs to nobody if the operator's token is not accepted", () => {
        expect(() => principalOf(OPERATOR, undefined)).toThrow(expect.objectContaining({ code: 401 }));
    });
});

describe("the operator's token in a data folder", () => {
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "token-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("is random, kept across starts, and readable only by its owner", () => {
        const token = readOperatorToken(folder);
        expect(token).toMatch(/^[\w-]{32}$/);
        expect(readOperatorToken(folder)).toBe(token);
        expect(statSync(path.join(folder, OPERATOR_TOKEN_FILE)).mode & 0o777).toBe(0o600);
        rmSync(path.join(folder, OPERATOR_TOKEN_FILE));
        expect(readOperatorToken(folder)).not.toBe(token);
    });

    it("loses excess permissions, and is created again if the file is empty", () => {
        const file = path.join(folder, OPERATOR_TOKEN_FILE);
        writeFileSync(file, "chosen\n", { mode: 0o644 });
        expect(readOperatorToken(folder)).toBe("chosen");
        expect(statSync(file).mode & 0o777).toBe(0o600);
        writeFileSync(file, "");
        expect(readOperatorToken(folder)).toMatch(/^[\w-]{32}$/);
    });
});

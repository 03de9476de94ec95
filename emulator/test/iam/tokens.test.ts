import { mintToken, principalOf } from "../../src/iam/tokens";

describe("a bearer token", () => {
    const email = "trainer@demo-project.iam.gserviceaccount.com";

    it("represents the service account that it was minted for, for an hour", () => {
        const now = Date.now();
        const { accessToken } = mintToken(email, undefined, now);
        expect(principalOf(accessToken, now + 3_599_000)).toEqual({ kind: "serviceAccount", email });
        expect(() => principalOf(accessToken, now + 3_600_000)).toThrow(expect.objectContaining({ code: 401 }));
    });

    it("is rejected after tampering, and is not taken for the developer's", () => {
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
            expect(() => principalOf(forged)).toThrow(expect.objectContaining({ code: 401 }));
        }
    });

    it("is the developer's in any other form, and a missing one is anonymous", () => {
        expect(principalOf("placeholder")).toEqual({ kind: "owner" });
        expect(principalOf(undefined)).toEqual({ kind: "anonymous" });
    });
});

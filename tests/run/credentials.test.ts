import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createAuth, readCloudSettings } from "../../run/credentials";

const read = (config: Record<string, string>, env: Record<string, string> = {}) =>
    readCloudSettings((key) => config[key], env);

describe("readCloudSettings", () => {
    it("uses Google's endpoints by default", () => {
        expect(read({})).toEqual({
            impersonateServiceAccountDelegates: [],
            storageOrigin: "https://storage.googleapis.com",
            computeUrl: "https://compute.googleapis.com/compute/v1/",
            universeDomain: "googleapis.com",
        });
    });

    it("prefers the stack config over the environment", () => {
        const env = {
            GOOGLE_OAUTH_ACCESS_TOKEN: "token of the environment",
            GOOGLE_CREDENTIALS: "{}",
            GOOGLE_IMPERSONATE_SERVICE_ACCOUNT: "env@example.com",
            GOOGLE_STORAGE_CUSTOM_ENDPOINT: "http://127.0.0.1:1/storage/v1/",
            GOOGLE_COMPUTE_CUSTOM_ENDPOINT: "http://127.0.0.1:1/compute/beta/",
        };
        const config = {
            "gcp:accessToken": "token of the config",
            "gcp:impersonateServiceAccount": "config@example.com",
            "gcp:impersonateServiceAccountDelegates": '["a@example.com"]',
            "gcp:storageCustomEndpoint": "http://127.0.0.1:2/storage/v1/",
            "gcp:computeCustomEndpoint": "http://127.0.0.1:2/compute/beta/",
        };
        expect(read(config, env)).toMatchObject({
            accessToken: "token of the config",
            impersonateServiceAccount: "config@example.com",
            impersonateServiceAccountDelegates: ["a@example.com"],
            storageOrigin: "http://127.0.0.1:2",
            computeUrl: "http://127.0.0.1:2/compute/beta/",
        });
        expect(read(config, env)).not.toHaveProperty("credentials");
        expect(read({}, env)).toMatchObject({
            accessToken: "token of the environment",
            credentials: "{}",
            impersonateServiceAccount: "env@example.com",
            storageOrigin: "http://127.0.0.1:1",
            computeUrl: "http://127.0.0.1:1/compute/beta/",
        });
    });

    it("ignores a token in the environment if the config contains credentials", () => {
        const settings = read({ "gcp:credentials": "key.json" }, { GOOGLE_OAUTH_ACCESS_TOKEN: "token" });
        expect(settings).toMatchObject({ credentials: "key.json" });
        expect(settings).not.toHaveProperty("accessToken");
    });

    it.each(["GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON"])("reads %s", (name) => {
        expect(read({}, { [name]: "key.json" })).toMatchObject({ credentials: "key.json" });
    });

    it("respects the universe domain", () => {
        expect(read({ "gcp:universeDomain": "example.com" })).toMatchObject({
            storageOrigin: "https://storage.example.com",
            computeUrl: "https://compute.example.com/compute/v1/",
        });
    });
});

describe("the credentials for all requests", () => {
    const authorization = async (config: Record<string, string>) => {
        const auth = await createAuth(read(config));
        return (await auth.getRequestHeaders("https://storage.googleapis.com/")).Authorization;
    };

    it("are the access token if one is set", async () => {
        await expect(authorization({ "gcp:accessToken": "abc" })).resolves.toBe("Bearer abc");
    });

    it("are read from a file or from text, and never shown if they are malformed", async () => {
        const folder = mkdtempSync(path.join(tmpdir(), "credentials-"));
        const key = { type: "authorized_user", client_id: "id", client_secret: "s", refresh_token: "r" };
        const keyFile = path.join(folder, "key.json");
        writeFileSync(keyFile, JSON.stringify(key));
        for (const value of [keyFile, JSON.stringify(key)]) {
            const auth = await createAuth(read({ "gcp:credentials": value }));
            await expect(auth.getCredentials()).resolves.toBeDefined();
        }
        rmSync(folder, { recursive: true });

        await expect(createAuth(read({ "gcp:credentials": keyFile }))).rejects.toThrow(
            "names a file that cannot be read",
        );
        const broken = await createAuth(read({ "gcp:credentials": '{"private_key": "mine"' })).catch((error) => error);
        expect(String(broken)).toContain("is not valid JSON");
        expect(String(broken) + String(broken.cause)).not.toContain("mine");
    });

    it("belong to another service account if impersonation is configured", async () => {
        const auth = await createAuth(
            read({ "gcp:accessToken": "abc", "gcp:impersonateServiceAccount": "robot@example.com" }),
        );
        const client = await auth.getClient();
        expect(client).toHaveProperty("targetPrincipal", "robot@example.com");
    });
});

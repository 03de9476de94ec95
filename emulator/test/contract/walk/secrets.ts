import { walkPolicy } from "./project";
import { PROJECT_ID, REGION, type Walker } from "./walker";

const SECRETS = `/v1/projects/${PROJECT_ID}/secrets`;

/** Covers the lifecycle of a secret with three versions. */
export async function walkSecrets(walker: Walker): Promise<void> {
    const secret = `${SECRETS}/api-key`;
    await walker.ok("POST", `${SECRETS}?secretId=api-key`, {
        replication: { userManaged: { replicas: [{ location: REGION }] } },
        labels: { stack: "dev" },
        annotations: { note: "for the walk" },
    });
    await walker.ok("POST", `${SECRETS}?secretId=other`, { replication: { automatic: {} } });
    await walker.fails(409, "POST", `${SECRETS}?secretId=other`, { replication: { automatic: {} } });
    const page = await walker.ok("GET", `${SECRETS}?pageSize=1`);
    await walker.ok("GET", `${SECRETS}?pageSize=1&pageToken=${encodeURIComponent(String(page.nextPageToken))}`);
    await walker.ok("GET", secret);
    await walker.fails(404, "GET", `${secret}s`);
    await walker.ok("PATCH", `${secret}?updateMask=labels`, { labels: { stack: "prod" } });
    for (const payload of [
        { data: "b25l" },
        { data: "MTIzNDU2Nzg5", dataCrc32c: "3808858755" },
        { data: "dGhyZWU=" },
    ]) {
        await walker.ok("POST", `${secret}:addVersion`, { payload });
    }
    await walker.fails(400, "POST", `${secret}:addVersion`, { payload: { data: "" } });
    const versions = await walker.ok("GET", `${secret}/versions?pageSize=2`);
    await walker.ok("GET", `${secret}/versions?pageToken=${encodeURIComponent(String(versions.nextPageToken))}`);
    await walker.ok("GET", `${secret}/versions/2`);
    await walker.ok("GET", `${secret}/versions/2:access`);
    await walker.ok("GET", `${secret}/versions/latest:access`);
    await walker.fails(404, "GET", `${secret}/versions/4:access`);
    await walker.ok("POST", `${secret}/versions/1:disable`, {});
    await walker.fails(400, "GET", `${secret}/versions/1:access`);
    await walker.ok("POST", `${secret}/versions/1:enable`, {});
    await walker.ok("POST", `${secret}/versions/1:destroy`, {});
    await walkPolicy(walker, secret, "GET", "secretmanager.versions.access");
    await walker.ok("DELETE", `${SECRETS}/other`);
    await walker.ok("DELETE", secret);
    await walker.fails(404, "GET", secret);
}

import { PROJECT_ID, type Walker } from "./walker";

const ROOT = `/v1/projects/${PROJECT_ID}`;
export const ACCOUNT = `walker@${PROJECT_ID}.iam.gserviceaccount.com`;

/**
 * Covers the project itself, its services and its service accounts. The account is kept for the walkthroughs that
 * follow.
 */
export async function walkProject(walker: Walker): Promise<void> {
    await walker.ok("GET", ROOT);
    await walker.ok("GET", `${ROOT}/services?filter=state:ENABLED&pageSize=200&fields=services/name,nextPageToken`);
    await walker.ok("POST", `${ROOT}/services/compute.googleapis.com:enable`, {});
    const { name } = await walker.ok("POST", `${ROOT}/services:batchEnable`, {
        serviceIds: ["storage.googleapis.com", "iam.googleapis.com"],
    });
    await walker.ok("GET", `/v1/${name}`);
    await walker.ok("GET", `${ROOT}/services?pageSize=2`);
    await walker.ok("GET", `${ROOT}/services/compute.googleapis.com`);
    await walker.ok("POST", `${ROOT}/services/iam.googleapis.com:disable`, { disableDependentServices: true });
    await walker.fails(400, "POST", `${ROOT}/services/iam.googleapis.com:disable`, {});
    await walkAccounts(walker);
    await walkLogs(walker);
    await walkPolicy(walker, ROOT, "POST", "resourcemanager.projects.get");
}

async function walkAccounts(walker: Walker): Promise<void> {
    const accounts = `${ROOT}/serviceAccounts`;
    const account = `${accounts}/${ACCOUNT}`;
    await walker.ok("POST", accounts, {
        accountId: "walker",
        serviceAccount: { displayName: "Walker", description: "Walks" },
    });
    await walker.fails(409, "POST", accounts, { accountId: "walker" });
    await walker.ok("POST", accounts, { accountId: "second" });
    await walker.ok("GET", `${accounts}?pageSize=1`);
    const read = await walker.ok("GET", account);
    await walker.ok("PATCH", account, { serviceAccount: { displayName: "Changed" }, updateMask: "displayName" });
    const { etag } = await walker.ok("GET", account);
    await walker.ok("PUT", account, { ...read, etag, displayName: "Again" });
    await walker.ok("POST", `${account}:disable`, {});
    await walker.ok("POST", `${account}:enable`, {});
    await walkPolicy(walker, account, "POST", "iam.serviceAccounts.actAs");
    await walker.ok("DELETE", `${accounts}/second@${PROJECT_ID}.iam.gserviceaccount.com`);
    await walker.fails(404, "GET", `${accounts}/second@${PROJECT_ID}.iam.gserviceaccount.com`);
}

/** Calls the three IAM methods on a resource with a policy. `read` is the HTTP method of `:getIamPolicy`. */
export async function walkPolicy(
    walker: Walker,
    resource: string,
    read: "GET" | "POST",
    permission: string,
): Promise<void> {
    const get = () =>
        read === "GET"
            ? walker.ok("GET", `${resource}:getIamPolicy?options.requestedPolicyVersion=3`)
            : resource.includes("serviceAccounts")
              ? walker.ok("POST", `${resource}:getIamPolicy?options.requestedPolicyVersion=3`)
              : walker.ok("POST", `${resource}:getIamPolicy`, { options: { requestedPolicyVersion: 3 } });
    const before = await get();
    const role = [
        resource.includes("/repositories/") ? "roles/artifactregistry.reader" : [],
        resource.includes("/secrets/") ? "roles/secretmanager.viewer" : [],
        resource.includes("/topics/") ? "roles/pubsub.viewer" : [],
        "roles/viewer",
    ].flat()[0];
    const binding = { role, members: [`serviceAccount:${ACCOUNT}`] };
    await walker.ok("POST", `${resource}:setIamPolicy`, { policy: { ...before, bindings: [binding] } });
    await walker.fails(409, "POST", `${resource}:setIamPolicy`, {
        policy: { ...before, etag: "BwStale0", bindings: [] },
    });
    const after = await get();
    await walker.ok("POST", `${resource}:setIamPolicy`, { policy: { etag: after.etag, bindings: [] } });
    await walker.ok("POST", `${resource}:testIamPermissions`, { permissions: [permission] });
}

async function walkLogs(walker: Walker): Promise<void> {
    const logName = `projects/${PROJECT_ID}/logs/trainer`;
    await walker.ok("POST", "/v2/entries:write", {
        logName,
        resource: { type: "gce_instance", labels: { zone: "us-central1-a" } },
        entries: [
            { textPayload: "a", severity: "INFO", timestamp: "2026-01-02T03:04:05.678Z", labels: { run: "r-1" } },
            { jsonPayload: { epoch: 1 }, insertId: "one", sourceLocation: { file: "train.py", line: "3" } },
        ],
    });
    await walker.fails(400, "POST", "/v2/entries:write", { logName: "trainer", entries: [{ textPayload: "a" }] });
    const resourceNames = [`projects/${PROJECT_ID}`];
    const { nextPageToken } = await walker.ok("POST", "/v2/entries:list", { resourceNames, pageSize: 1 });
    await walker.ok("POST", "/v2/entries:list", { resourceNames, pageSize: 1, pageToken: nextPageToken });
    await walker.ok("POST", "/v2/entries:list", {
        resourceNames,
        filter: `logName="${logName}"`,
        orderBy: "timestamp desc",
    });
}

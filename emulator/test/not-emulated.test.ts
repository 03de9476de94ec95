import { TestEmulator } from "../src/testing";
import { instanceBody, PROJECT_ID, ZONE } from "./vm/support";

let emulator: TestEmulator;

beforeAll(async () => {
    emulator = await TestEmulator.start();
    await emulator.makeBucket("a-bucket");
    await emulator.upload("a-bucket", "an-object", "content");
    await emulator.call("PUT", `${RESOURCE}/topics/a-topic`, { body: {} });
    await emulator.call("POST", `${REPOSITORIES}?repositoryId=images`, { body: { format: "DOCKER" } });
    await emulator.call("POST", `/compute/v1/${ZONE}/instances`, { body: instanceBody("vm") });
});
afterAll(() => emulator.stop());

const BUCKET = "/storage/v1/b/a-bucket";
const REPOSITORIES = `/v1/projects/${PROJECT_ID}/locations/us-central1/repositories`;
const INSTANCES = `/compute/v1/${ZONE}/instances`;
const RESOURCE = `/v1/projects/${PROJECT_ID}`;

const bucketWith = (more: object) => ["POST", `/storage/v1/b?project=${PROJECT_ID}`, { name: "new", ...more }] as const;
const instanceWith = (more: object) =>
    ["POST", INSTANCES, instanceBody("new", { networkInterfaces: [{ network: "default", ...more }] })] as const;
const subnetworkWith = (more: object) => {
    const body = { name: "new", network: "global/networks/default", ipCidrRange: "10.1.0.0/24", ...more };
    return ["POST", `/compute/v1/projects/${PROJECT_ID}/regions/us-central1/subnetworks`, body] as const;
};
const secretWith = (more: object) =>
    ["POST", `${RESOURCE}/secrets?secretId=new`, { replication: { automatic: {} }, ...more }] as const;
const subscriptionWith = (more: object) =>
    ["PUT", `${RESOURCE}/subscriptions/new`, { topic: `projects/${PROJECT_ID}/topics/a-topic`, ...more }] as const;
const policyWith = (more: object) => ["POST", `${RESOURCE}:setIamPolicy`, { policy: { version: 3, ...more } }] as const;
const condition = (expression: string) => ({
    bindings: [
        { role: "roles/logging.viewer", members: ["user:me@example.com"], condition: { title: "t", expression } },
    ],
});
const entries = (body: object) =>
    ["POST", "/v2/entries:list", { resourceNames: [`projects/${PROJECT_ID}`], ...body }] as const;

/** Follows the section "Unsupported features" in emulator/README.md, line by line. */
describe("a feature that is not emulated returns 501 with its name:", () => {
    it.each<[string, readonly [string, string, object?]]>([
        ["/suspend", ["POST", `${INSTANCES}/vm/suspend`]],
        ["/attachDisk", ["POST", `${INSTANCES}/vm/attachDisk`, {}]],
        ["/v1/projects/-/snapshots", ["GET", "/v1/projects/-/snapshots"]],
        ["pushConfig.pushEndpoint", subscriptionWith({ pushConfig: {} })],
        ["filter", subscriptionWith({ filter: 'hasPrefix(attributes.a, "b")' })],
        ["deadLetterPolicy", subscriptionWith({ deadLetterPolicy: { maxDeliveryAttempts: 5 } })],
        ["HEAD", ["HEAD", BUCKET]],
        ["minimalAction", ["PUT", `${INSTANCES}/vm?minimalAction=RESTART`, {}]],
        ["softDeleted", ["GET", `${BUCKET}/o/x?softDeleted=true&generation=1`]],
        ["matchGlob", ["GET", `${BUCKET}/o?matchGlob=**`]],
        ["predefinedAcl", ["POST", "/upload/storage/v1/b/a-bucket/o?uploadType=media&name=x&predefinedAcl=private"]],
        ["networkInterfaces.0.accessConfigs.0.natIP", instanceWith({ accessConfigs: [{ natIP: "203.0.113.9" }] })],
        ["networkInterfaces.0.ipv6AccessConfigs", instanceWith({ ipv6AccessConfigs: [{ type: "DIRECT_IPV6" }] })],
        ["stackType", subnetworkWith({ stackType: "IPV4_IPV6" })],
        ["secondaryIpRanges", subnetworkWith({ secondaryIpRanges: [{ rangeName: "pods" }] })],
        ["logConfig.enable", subnetworkWith({ logConfig: { enable: true } })],
        ["cors", bucketWith({ cors: [{ origin: ["*"] }] })],
        ["website", bucketWith({ website: { mainPageSuffix: "index.html" } })],
        ["retentionPolicy", bucketWith({ retentionPolicy: { retentionPeriod: "60" } })],
        ["acl", bucketWith({ acl: [{ entity: "allUsers", role: "READER" }] })],
        ["hierarchicalNamespace", bucketWith({ hierarchicalNamespace: { enabled: true } })],
        ["autoclass", bucketWith({ autoclass: { enabled: true } })],
        ["rpo", bucketWith({ location: "EU", rpo: "ASYNC_TURBO" })],
        ["retention", ["PATCH", `${BUCKET}/o/an-object`, { retention: { mode: "Unlocked" } }]],
        ["format", ["POST", `${REPOSITORIES}?repositoryId=jars`, { format: "MAVEN" }]],
        ["mode", ["POST", `${REPOSITORIES}?repositoryId=far`, { format: "DOCKER", mode: "VIRTUAL_REPOSITORY" }]],
        ["rotation", secretWith({ rotation: { rotationPeriod: "3600s" } })],
        ["ttl", secretWith({ ttl: "3600s" })],
        ["topics", secretWith({ topics: [{ name: "projects/p/topics/t" }] })],
        ["versionAliases", secretWith({ versionAliases: { prod: "1" } })],
        ["versionDestroyTtl", secretWith({ versionDestroyTtl: "86400s" })],
        ["/locations/us-central1/secrets", ["GET", `${RESOURCE}/locations/us-central1/secrets`]],
        ["roles/spanner.admin", policyWith({ bindings: [{ role: "roles/spanner.admin", members: [] }] })],
        ["auditConfigs", policyWith({ auditConfigs: [{ service: "allServices" }] })],
        ["request.auth", policyWith(condition("request.auth.claims.email == 'me'"))],
        [
            "api.getAttribute",
            policyWith(condition("api.getAttribute('storage.googleapis.com/objectListPrefix', '') == 'x'")),
        ],
        ["resource.matchTag", policyWith(condition("resource.matchTag('a', 'b')"))],
        ["spanner.googleapis.com", ["POST", `${RESOURCE}/services/spanner.googleapis.com:enable`, {}]],
        ["name=vm.*", ["GET", `${INSTANCES}?filter=${encodeURIComponent("name=vm.*")}`]],
        ["(a = b) OR (c = d)", ["GET", `${INSTANCES}?filter=${encodeURIComponent("(a = b) OR (c = d)")}`]],
        ["creationTimestamp desc", ["GET", `${INSTANCES}?orderBy=creationTimestamp+desc`]],
        ["severity", entries({ filter: "severity>=ERROR" })],
        ["debian-cloud", ["GET", "/compute/v1/projects/debian-cloud/global/images/family/debian-12"]],
        ["alpha", ["GET", `/compute/alpha/${ZONE}/instances/vm`]],
    ])("%s", async (name, [method, target, body]) => {
        const answer = await emulator.call(method, target, body === undefined ? {} : { body });
        const message = method === "HEAD" ? expect.anything() : expect.stringContaining(name);
        expect([answer.status, answer.at("error.message") ?? ""]).toEqual([501, message]);
    });
});

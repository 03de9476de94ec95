import { TestEmulator } from "../../src/testing";
import { INSTANCES, instanceBody, PROJECT_ID } from "../vm/support";

let emulator: TestEmulator;

beforeEach(async () => {
    emulator = await TestEmulator.start();
});
afterEach(() => emulator.stop());

const GLOBAL = `/compute/beta/projects/${PROJECT_ID}/global`;
const SUBNETWORKS = `/compute/beta/projects/${PROJECT_ID}/regions/us-central1/subnetworks`;
const GOOGLE = "https://www.googleapis.com/compute/v1/";
const NETWORK = `projects/${PROJECT_ID}/global/networks/net`;

const post = (path: string, body: object) => emulator.call("POST", path, { body });
const patch = (path: string, body: object) => emulator.call("PATCH", path, { body });
const makeNetwork = () =>
    post(`${GLOBAL}/networks`, {
        name: "net",
        autoCreateSubnetworks: false,
        routingConfig: { routingMode: "REGIONAL" },
    });
const makeSubnetwork = (name = "sub", ipCidrRange = "10.1.0.0/24") =>
    post(SUBNETWORKS, { name, ipCidrRange, network: NETWORK, privateIpGoogleAccess: true, logConfig: null });

describe("networks", () => {
    it("are created with their subnetworks, and deleted after everything in them", async () => {
        expect((await makeNetwork()).json).toMatchObject({ status: "DONE", targetLink: GOOGLE + NETWORK });
        expect((await makeSubnetwork()).json).toMatchObject({
            region: `${GOOGLE}projects/${PROJECT_ID}/regions/us-central1`,
        });
        const subnetwork = await emulator.call("GET", `${SUBNETWORKS}/sub`);
        expect(subnetwork.json).toMatchObject({
            network: GOOGLE + NETWORK,
            ipCidrRange: "10.1.0.0/24",
            gatewayAddress: "10.1.0.1",
            privateIpGoogleAccess: true,
            fingerprint: expect.any(String),
            stackType: "IPV4_ONLY",
            purpose: "PRIVATE",
        });
        expect((await emulator.call("GET", `${GLOBAL}/networks/net`)).json).toMatchObject({
            autoCreateSubnetworks: false,
            routingConfig: { routingMode: "REGIONAL" },
            subnetworks: [subnetwork.at("selfLink")],
        });
        const used = await emulator.call("DELETE", `${GLOBAL}/networks/net`);
        expect([used.status, used.at("error.errors.0.reason")]).toEqual([400, "resourceInUseByAnotherResource"]);
        await post(INSTANCES, instanceBody("user", { networkInterfaces: [{ subnetwork: subnetwork.at("selfLink") }] }));
        expect((await emulator.call("DELETE", `${SUBNETWORKS}/sub`)).status).toBe(400);
        await emulator.call("DELETE", `${INSTANCES}/user`);
        expect((await emulator.call("DELETE", `${SUBNETWORKS}/sub`)).status).toBe(200);
        expect((await emulator.call("DELETE", `${GLOBAL}/networks/net`)).status).toBe(200);
        expect(await emulator.inventory()).toEqual([]);
    });

    it("have, in auto mode, a subnetwork of the same name in every region", async () => {
        await post(`${GLOBAL}/networks`, { name: "auto", autoCreateSubnetworks: true });
        expect((await emulator.call("GET", `${SUBNETWORKS}/auto`)).at("network")).toMatch(/networks\/auto$/);
        const interfaces = [{ network: "global/networks/auto" }];
        expect((await post(INSTANCES, instanceBody("auto-user", { networkInterfaces: interfaces }))).status).toBe(200);
    });

    it("accept the changes that Google Cloud accepts", async () => {
        await makeNetwork();
        const network = `${GLOBAL}/networks/net`;
        // The provider sends this value.
        const routingConfig = { routingMode: "GLOBAL", deleteBgpAlwaysCompareMed: false };
        expect((await patch(network, { routingConfig })).status).toBe(200);
        expect((await patch(network, { mtu: 1500, fingerprint: null })).status).toBe(200);
        expect((await emulator.call("GET", network)).json).toMatchObject({
            routingConfig: { routingMode: "GLOBAL", bgpBestPathSelectionMode: "LEGACY" },
            mtu: 1500,
        });
        await patch(network, { mtu: null });
        expect((await emulator.call("GET", network)).json).toMatchObject({
            routingConfig: { routingMode: "GLOBAL" },
            mtu: 1460,
        });
        const other = await patch(network, { description: "other" });
        expect([other.status, other.at("error.message")]).toEqual([501, expect.stringContaining('"description"')]);
        expect((await patch(network, { mtu: 100 })).status).toBe(400);
    });

    it("allow Private Google Access to be turned on and off for a subnetwork", async () => {
        await makeNetwork();
        await makeSubnetwork();
        const access = async () => (await emulator.call("GET", `${SUBNETWORKS}/sub`)).at("privateIpGoogleAccess");
        // The provider omits fields that are `false`.
        await post(`${SUBNETWORKS}/sub/setPrivateIpGoogleAccess`, {});
        expect(await access()).toBe(false);
        await post(`${SUBNETWORKS}/sub/setPrivateIpGoogleAccess`, { privateIpGoogleAccess: true });
        expect(await access()).toBe(true);
        await post(`${SUBNETWORKS}/default/setPrivateIpGoogleAccess`, { privateIpGoogleAccess: true });
        expect((await emulator.call("GET", `${SUBNETWORKS}/default`)).at("privateIpGoogleAccess")).toBe(true);
    });

    it("allow a subnetwork to be patched only with its current fingerprint", async () => {
        await makeNetwork();
        await makeSubnetwork();
        const read = (await emulator.call("GET", `${SUBNETWORKS}/sub`)).json as { fingerprint: string };
        const change = (body: object) => patch(`${SUBNETWORKS}/sub`, { fingerprint: read.fingerprint, ...body });
        // The provider sends this body.
        const sent = { privateIpv6GoogleAccess: "DISABLE_GOOGLE_ACCESS", allowSubnetCidrRoutesOverlap: false };
        expect((await change(sent)).status).toBe(200);
        expect((await emulator.call("GET", `${SUBNETWORKS}/sub`)).json).toEqual(read);
        for (const [body, what] of [
            [{ secondaryIpRanges: [{ rangeName: "pods" }] }, "secondaryIpRanges"],
            [{ role: "ACTIVE" }, "role"],
            [{ ipCidrRange: "10.1.0.0/16" }, "ipCidrRange"],
            [{ surprise: 1 }, "surprise"],
        ] as const) {
            const answer = await change(body);
            expect([answer.status, answer.at("error.message")]).toEqual([501, expect.stringContaining(`"${what}"`)]);
        }
        expect((await change({ ...read, privateIpGoogleAccess: null })).status).toBe(200);
        expect((await emulator.call("GET", `${SUBNETWORKS}/sub`)).at("privateIpGoogleAccess")).toBe(false);
        const stale = await change({ privateIpGoogleAccess: true });
        expect([stale.status, stale.at("error.errors.0.reason")]).toEqual([412, "conditionNotMet"]);
    });

    it("allow a subnetwork to grow, but never to shrink", async () => {
        await makeNetwork();
        await makeSubnetwork("sub", "10.1.0.0/24");
        await makeSubnetwork("other", "10.1.4.0/24");
        const expand = (ipCidrRange: string) => post(`${SUBNETWORKS}/sub/expandIpCidrRange`, { ipCidrRange });
        expect((await expand("10.1.0.0/22")).status).toBe(200);
        expect((await emulator.call("GET", `${SUBNETWORKS}/sub`)).at("ipCidrRange")).toBe("10.1.0.0/22");
        for (const range of ["10.1.0.0/22", "10.1.0.0/24", "10.2.0.0/16", "10.1.0.0/21", "10.1.0.0"]) {
            expect([range, (await expand(range)).status]).toEqual([range, 400]);
        }
    });

    it.each([
        ["10.1.0.0/30", 400],
        ["10.1.0.1/24", 400],
        ["10.1.0.128/25", 400],
        ["300.0.0.0/8", 400],
        ["10.2.0.0/24", 200],
    ])("respond to a new subnetwork %s next to 10.1.0.0/24 with the status %d", async (range, status) => {
        await makeNetwork();
        await makeSubnetwork();
        expect((await makeSubnetwork("other", range)).status).toBe(status);
    });

    it("require an interface to name a subnetwork, except in auto mode", async () => {
        await makeNetwork();
        const answer = await post(INSTANCES, instanceBody("no-subnet", { networkInterfaces: [{ network: NETWORK }] }));
        expect([answer.status, answer.at("error.message")]).toEqual([400, expect.stringContaining("subnetwork")]);
    });

    it("survive a restart", async () => {
        await makeNetwork();
        await emulator.restart();
        expect((await emulator.call("GET", `${GLOBAL}/networks/net`)).status).toBe(200);
    });
});

describe("firewalls", () => {
    const rule = {
        name: "ssh",
        network: NETWORK,
        direction: "INGRESS",
        priority: 900,
        allowed: [{ IPProtocol: "tcp", ports: ["22"] }],
        sourceRanges: ["35.235.240.0/20"],
        targetServiceAccounts: ["a@b.iam.gserviceaccount.com"],
    };

    it("are returned as created, with Google's defaults", async () => {
        await makeNetwork();
        await post(`${GLOBAL}/firewalls`, rule);
        expect((await emulator.call("GET", `${GLOBAL}/firewalls/ssh`)).json).toMatchObject({
            ...rule,
            kind: "compute#firewall",
            network: GOOGLE + NETWORK,
            disabled: false,
            logConfig: { enable: false },
        });
        await emulator.call("PATCH", `${GLOBAL}/firewalls/ssh`, { body: { denied: [{ IPProtocol: "all" }] } });
        const patched = await emulator.call("GET", `${GLOBAL}/firewalls/ssh`);
        expect([patched.at("allowed"), patched.at("denied"), patched.at("priority")]).toEqual([
            undefined,
            [{ IPProtocol: "all" }],
            900,
        ]);
        expect((await emulator.call("DELETE", `${GLOBAL}/networks/net`)).status).toBe(400);
        await emulator.call("DELETE", `${GLOBAL}/firewalls/ssh`);
        expect((await emulator.call("DELETE", `${GLOBAL}/networks/net`)).status).toBe(200);
    });

    it("can be patched field by field, which the provider requires", async () => {
        await makeNetwork();
        await post(`${GLOBAL}/firewalls`, rule);
        const ssh = `${GLOBAL}/firewalls/ssh`;
        const sent = {
            allowed: [{ IPProtocol: "tcp", ports: ["22", "2222"] }],
            denied: [],
            sourceTags: [],
            description: "new",
            disabled: true,
            logConfig: { enable: true, metadata: "EXCLUDE_ALL_METADATA" },
            network: NETWORK,
            priority: 1000,
            sourceRanges: ["35.235.240.0/20", "10.0.0.0/8"],
        };
        expect((await patch(ssh, sent)).at("operationType")).toBe("patch");
        const { name, direction, targetServiceAccounts } = rule;
        const read = await emulator.call("GET", ssh);
        const { denied: _none, sourceTags: _tags, ...kept } = sent;
        expect(read.json).toMatchObject({
            ...kept,
            ...{ name, direction, targetServiceAccounts },
            network: GOOGLE + NETWORK,
        });
        expect(
            (await patch(ssh, { ...(read.json as object), targetServiceAccounts: null, logConfig: null })).status,
        ).toBe(200);
        const after = await emulator.call("GET", ssh);
        expect([after.at("targetServiceAccounts"), after.at("logConfig")]).toEqual([undefined, { enable: false }]);
    });

    it.each([
        [{ network: "global/networks/default" }, "network"],
        [{ direction: "EGRESS" }, "direction"],
        [{ name: "other" }, "name"],
        [{ surprise: 1 }, "surprise"],
    ])("return 501 for a patch with %j", async (body, what) => {
        await makeNetwork();
        await post(`${GLOBAL}/firewalls`, rule);
        const answer = await patch(`${GLOBAL}/firewalls/ssh`, body);
        expect([answer.status, answer.at("error.message")]).toEqual([501, expect.stringContaining(`"${what}"`)]);
    });

    it("apply to any source or destination by default", async () => {
        await makeNetwork();
        const { sourceRanges: _ranges, ...inward } = rule;
        await post(`${GLOBAL}/firewalls`, inward);
        await post(`${GLOBAL}/firewalls`, { ...inward, name: "out", direction: "EGRESS" });
        const at = async (name: string) => (await emulator.call("GET", `${GLOBAL}/firewalls/${name}`)).json;
        expect(await at("ssh")).toMatchObject({ sourceRanges: ["0.0.0.0/0"] });
        expect(await at("out")).toMatchObject({ destinationRanges: ["0.0.0.0/0"] });
    });

    it("require an existing network, and either `allowed` or `denied`", async () => {
        expect((await post(`${GLOBAL}/firewalls`, rule)).status).toBe(404);
        await makeNetwork();
        expect((await post(`${GLOBAL}/firewalls`, { ...rule, allowed: undefined })).status).toBe(400);
    });
});

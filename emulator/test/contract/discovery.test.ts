import type { ZodType } from "zod";
import { cancelBody, jobBody } from "../../src/batch/job-schema";
import {
    accessConfigBody,
    instanceBody,
    setMetadataBody,
    setSchedulingBody,
    setSecurityPolicyBody,
    updateInterfaceBody,
} from "../../src/compute/instance-schema";
import {
    firewallBody,
    firewallPatch,
    networkBody,
    networkPatch,
    subnetworkBody,
    subnetworkPatch,
} from "../../src/compute/network-schema";
import { Router } from "../../src/http/router";
import { policySchema } from "../../src/iam/policy-schema";
import { publishBody, subscriptionBody, subscriptionPatch, topicBody, topicPatch } from "../../src/pubsub/schema";
import { repositoryBody } from "../../src/registry/repositories";
import { addVersionBody, secretBody, versionStateBody } from "../../src/secrets/secret-schema";
import { newBucketSchema } from "../../src/storage/bucket-schema";
import { composeSchema, objectSchema } from "../../src/storage/object-schema";
import { allRoutes } from "../http/routes";
import { unknownInBody } from "./discovery/body-schemas";
import { findMethod, methodsOf } from "./discovery/documents";
import { isGoogles, JudgedEmulator } from "./judge";
import { describeWithPython, googleDocuments } from "./python";
import { walkBatch } from "./walk/batch";
import { walkBilling } from "./walk/billing";
import { walkCompute } from "./walk/compute";
import { walkProject } from "./walk/project";
import { walkPubSub } from "./walk/pubsub";
import { walkRegistry } from "./walk/registry";
import { walkSecrets } from "./walk/secrets";
import { walkStorage } from "./walk/storage";
import { Walker } from "./walk/walker";

/** Query parameters that Google's servers accept even though no description lists them. */
const UNDESCRIBED: Readonly<Record<string, readonly string[]>> = {
    // The session URI of a resumable upload contains this parameter.
    "storage.objects.insert": ["upload_id"],
    // deleteFiles() in the Node.js client forwards its listing's query.
    "storage.objects.delete": [
        "prefix",
        "delimiter",
        "includeTrailingDelimiter",
        "startOffset",
        "endOffset",
        "versions",
        "maxResults",
        "pageToken",
        "projection",
    ],
    // The provider sends its changes to the exact URL from which it read the resource.
    "compute.instances.update": ["view"],
    // Google's JSON transcoding also accepts a field's original name, and the Pulumi provider sends it.
    "artifactregistry.projects.locations.repositories.create": ["repository_id"],
    "batch.projects.locations.jobs.create": ["job_id"],
    // The provider sends the mask as a parameter.
    "pubsub.projects.topics.patch": ["updateMask"],
    "pubsub.projects.subscriptions.patch": ["updateMask"],
};

describeWithPython("Google's descriptions of its APIs", () => {
    let judged: JudgedEmulator;

    beforeAll(async () => {
        judged = await JudgedEmulator.start();
        const walker = new Walker(judged.emulator, judged.url);
        await walkProject(walker);
        await walkStorage(walker, "/storage/v1");
        await walkStorage(walker, "");
        await walkRegistry(walker, judged.emulator.dataDir);
        await walkSecrets(walker);
        await walkPubSub(walker);
        await walkBilling(walker);
        await walkBatch(walker);
        await walkCompute(walker, "v1");
        await walkCompute(walker, "beta");
    });
    afterAll(() => judged?.stop());

    it("match every request and response of a complete API walkthrough", () => {
        const report = judged.report();
        expect(report?.problems).toEqual([]);
        expect(report?.checked).toBeGreaterThan(200);
        expect(report?.methods.size).toBeGreaterThan(80);
    });

    it("are compared with successful calls to every route in the emulator", () => {
        const router = new Router(allRoutes());
        const walked = new Set(
            judged.recorder.exchanges
                // 499 is the success response to a cancelled upload.
                .filter(({ status }) => status < 400 || status === 499)
                .map(
                    ({ method, target }) =>
                        router.find(method, target.split("?")[0] ?? "", new URLSearchParams()).route,
                ),
        );
        const missing = allRoutes()
            .filter(({ pattern }) => isGoogles(pattern))
            .map(({ method, pattern }) => `${method} ${pattern}`)
            .filter((name) => ![...walked].some((route) => `${route.method} ${route.pattern}` === name));
        expect(missing).toEqual([]);
    });

    it("include every query parameter that a route accepts", () => {
        const methods = methodsOf(googleDocuments());
        const unknown = allRoutes().flatMap(({ method, pattern, options }) => {
            const found = ["v1", "beta"].flatMap((version) => {
                const path = examplePath(pattern, version);
                return (isGoogles(path) && findMethod(methods, method, path)?.description) || [];
            });
            const known = found.flatMap(({ id, parameters }) => [
                ...Object.keys(parameters ?? {}),
                ...(UNDESCRIBED[id] ?? []),
            ]);
            return (found.length === 0 ? [] : (options.query ?? []))
                .filter((name) => !known.includes(name))
                .map((name) => `${method} ${pattern}: ${name}`);
        });
        expect(unknown).toEqual([]);
    });

    it.each<[string, string, ZodType, string[]?]>([
        // The emulator accepts the security policy only if it is empty.
        ["compute:beta", "Instance", instanceBody, ["Instance.networkInterfaces[].securityPolicy"]],
        ["compute:beta", "Metadata", setMetadataBody],
        ["compute:beta", "Scheduling", setSchedulingBody],
        ["compute:beta", "NetworkInterface", updateInterfaceBody],
        ["compute:beta", "AccessConfig", accessConfigBody],
        ["compute:beta", "InstancesSetSecurityPolicyRequest", setSecurityPolicyBody],
        ["compute:beta", "Network", networkBody],
        // The provider sends this field.
        ["compute:beta", "Network", networkPatch, ["Network.routingConfig.deleteBgpAlwaysCompareMed"]],
        ["compute:beta", "Subnetwork", subnetworkBody],
        ["compute:beta", "Subnetwork", subnetworkPatch],
        ["compute:beta", "Firewall", firewallBody],
        ["compute:beta", "Firewall", firewallPatch],
        ["storage:v1", "Bucket", newBucketSchema],
        ["storage:v1", "Object", objectSchema],
        ["storage:v1", "ComposeRequest", composeSchema],
        // One schema covers the policies of all APIs, but Cloud Storage's policies do not have auditConfigs.
        ["storage:v1", "Policy", policySchema, ["Policy.auditConfigs"]],
        ["artifactregistry:v1", "Repository", repositoryBody],
        ["batch:v1", "Job", jobBody],
        ["batch:v1", "CancelJobRequest", cancelBody],
        ["secretmanager:v1", "Secret", secretBody],
        ["secretmanager:v1", "AddSecretVersionRequest", addVersionBody],
        ["secretmanager:v1", "DestroySecretVersionRequest", versionStateBody],
        ["pubsub:v1", "Topic", topicBody],
        ["pubsub:v1", "UpdateTopicRequest", topicPatch],
        ["pubsub:v1", "Subscription", subscriptionBody],
        ["pubsub:v1", "UpdateSubscriptionRequest", subscriptionPatch],
        ["pubsub:v1", "PublishRequest", publishBody],
    ])("define, in %s, every field and enum value of %s that the emulator accepts", (id, name, body, but = []) => {
        const document = googleDocuments().find((one) => one.id === id);
        expect(document && unknownInBody(body, document, name)).toEqual(but);
    });
});

/** Returns an example path for a route's pattern, with every parameter filled in. */
function examplePath(pattern: string, version: string): string {
    return pattern
        .replace(":version", version)
        .replace(/(?<!\\):\w+/g, "x")
        .replaceAll("\\", "");
}

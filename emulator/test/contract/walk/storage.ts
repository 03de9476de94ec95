import { randomBytes } from "node:crypto";
import { PROJECT_ID, type Walker } from "./walker";

const BUCKET = "walked-bucket";

/**
 * Covers the lifecycle of a bucket and its objects, under one of the API's two prefixes.
 * @param prefix "/storage/v1", or "" for the root
 */
export async function walkStorage(walker: Walker, prefix: "/storage/v1" | ""): Promise<void> {
    const bucket = `${prefix}/b/${BUCKET}`;
    await walkBuckets(walker, prefix, bucket);
    await walkUploads(walker, bucket);
    await walkObjects(walker, bucket);
    await walkBucketPolicy(walker, bucket);
    const { items = [] } = await walker.ok("GET", `${bucket}/o?versions=true`);
    for (const { name, generation } of items as { name: string; generation: string }[]) {
        await walker.ok("DELETE", `${bucket}/o/${encodeURIComponent(name)}?generation=${generation}`);
    }
    await walker.ok("DELETE", bucket);
    await walker.fails(404, "GET", bucket);
    await walker.fails(404, "GET", `${bucket}/o`);
}

async function walkBuckets(walker: Walker, prefix: string, bucket: string): Promise<void> {
    const uniform = { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: "enforced" };
    await walker.ok("POST", `${prefix}/b?project=${PROJECT_ID}&projection=noAcl`, {
        name: BUCKET,
        location: "us-central1",
        storageClass: "STANDARD",
        labels: { stack: "dev" },
        versioning: { enabled: true },
        lifecycle: { rule: [{ action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 1, isLive: false } }] },
        softDeletePolicy: { retentionDurationSeconds: "0" },
        iamConfiguration: uniform,
    });
    await walker.fails(409, "POST", `${prefix}/b?project=${PROJECT_ID}`, { name: BUCKET });
    await walker.fails(400, "POST", `${prefix}/b?project=${PROJECT_ID}`, { name: "No Bucket Name" });
    await walker.ok("POST", `${prefix}/b?project=${PROJECT_ID}`, {
        name: "walked-multi-region",
        location: "EU",
        rpo: "DEFAULT",
    });
    await walker.ok("GET", `${prefix}/b?project=${PROJECT_ID}&prefix=walked&maxResults=1`);
    await walker.ok("GET", `${prefix}/b?project=${PROJECT_ID}&pageToken=walked-bucket`);
    // By default, a bucket keeps deleted objects, and is itself kept after its deletion.
    const kept = `${prefix}/b/walked-multi-region`;
    const { generation } = await walker.ok(
        "POST",
        "/upload/storage/v1/b/walked-multi-region/o?uploadType=media&name=kept",
        "a",
    );
    await walker.ok("DELETE", `${kept}/o/kept?generation=${generation}`);
    await walker.ok("GET", `${kept}/o?softDeleted=true`);
    await walker.ok("DELETE", kept);
    await walker.ok("GET", `${prefix}/b?project=${PROJECT_ID}&softDeleted=true`);
    const { metageneration } = await walker.ok("GET", `${bucket}?projection=noAcl&fields=name,metageneration`);
    await walker.ok("PATCH", `${bucket}?ifMetagenerationMatch=${metageneration}`, {
        labels: { stack: null, run: "r-1" },
    });
    await walker.fails(412, "PATCH", `${bucket}?ifMetagenerationMatch=${metageneration}`, { labels: {} });
    await walker.ok("PUT", bucket, { name: BUCKET, versioning: { enabled: true }, iamConfiguration: uniform });
    await walker.ok("GET", `${bucket}/storageLayout`);
    await walker.ok("GET", `${bucket}/anywhereCaches`);
    if (prefix !== "") {
        await walker.ok("GET", `${prefix}/projects/${PROJECT_ID}/serviceAccount`);
    }
}

async function walkUploads(walker: Walker, bucket: string): Promise<void> {
    const upload = `/upload/storage/v1/b/${BUCKET}/o`;
    await walker.ok("POST", `${upload}?uploadType=media&name=data/iris.csv&ifGenerationMatch=0`, "a,b\n", {
        "content-type": "text/csv",
    });
    await walker.fails(412, "POST", `${upload}?uploadType=media&name=data/iris.csv&ifGenerationMatch=0`, "a");
    const multipart = [
        "--part\r\nContent-Type: application/json\r\n\r\n",
        JSON.stringify({ name: "runs/r-1/status.json", contentType: "application/json", metadata: { run: "r-1" } }),
        "\r\n--part\r\nContent-Type: application/json\r\n\r\n{}\r\n--part--\r\n",
    ].join("");
    await walker.ok("POST", `${upload}?uploadType=multipart`, multipart, {
        "content-type": "multipart/related; boundary=part",
    });
    const content = randomBytes(256 * 1024 + 10);
    const begun = await walker.send("POST", `${upload}?uploadType=resumable`, {
        name: "runs/r-1/model",
        cacheControl: "no-store",
    });
    const session = begun.headers.get("location") ?? "";
    await walker.ok("PUT", session, content.subarray(0, 256 * 1024), { "content-range": `bytes 0-262143/*` });
    await walker.ok("PUT", session, undefined, { "content-range": "bytes */*" });
    await walker.ok("PUT", session, content.subarray(256 * 1024), { "content-range": `bytes 262144-262153/262154` });
    const go = await walker.send("POST", `${upload}?uploadType=resumable&name=runs/r-1/go`);
    await walker.ok("POST", go.headers.get("location") ?? "", content.subarray(0, 256 * 1024), {
        "content-range": "bytes 0-262143/*",
        "x-guploader-no-308": "yes",
    });
    await walker.send("DELETE", go.headers.get("location") ?? "");
    await walker.ok("GET", `${bucket}/o/${encodeURIComponent("runs/r-1/model")}`);
}

async function walkObjects(walker: Walker, bucket: string): Promise<void> {
    const object = (name: string) => `${bucket}/o/${encodeURIComponent(name)}`;
    const dataset = object("data/iris.csv");
    const { generation, metageneration } = await walker.ok("GET", `${dataset}?projection=noAcl`);
    const exactly = `ifGenerationMatch=${generation}&ifMetagenerationMatch=${metageneration}`;
    await walker.ok("GET", `${dataset}?alt=media&generation=${generation}`, undefined, { range: "bytes=0-1" });
    await walker.ok("GET", `/download${dataset.replace(/^(\/storage\/v1)?/, "/storage/v1")}?alt=media`);
    await walker.ok("GET", `${dataset}?ifGenerationNotMatch=${generation}`);
    await walker.ok("PATCH", `${dataset}?${exactly}`, { metadata: { rows: "150" }, contentLanguage: "en" });
    await walker.ok("PUT", dataset, { contentType: "text/csv", customTime: "2026-01-02T03:04:05Z" });
    const target = `b/${BUCKET}/o`;
    await walker.ok(
        "POST",
        `${dataset}/copyTo/${target}/${encodeURIComponent("data/copy")}?ifSourceGenerationMatch=${generation}`,
        {},
    );
    await walker.ok(
        "POST",
        `${dataset}/rewriteTo/${target}/${encodeURIComponent("data/rewritten")}?ifGenerationMatch=0`,
        {},
    );
    await walker.ok("POST", `${object("data/both")}/compose`, {
        sourceObjects: [
            { name: "data/copy" },
            { name: "data/rewritten", objectPreconditions: { ifGenerationMatch: "0" } },
        ].slice(0, 1),
        destination: { contentType: "text/csv" },
    });
    await walker.ok("GET", `${bucket}/o?prefix=data/&delimiter=/&maxResults=2&versions=false&projection=noAcl`);
    await walker.ok("GET", `${bucket}/o?delimiter=/&includeTrailingDelimiter=true`);
    await walker.ok("GET", `${bucket}/o?startOffset=data/c&endOffset=s&fields=items(name,size),nextPageToken`);
    const page = await walker.ok("GET", `${bucket}/o?maxResults=1&versions=true`);
    await walker.ok(
        "GET",
        `${bucket}/o?maxResults=1&versions=true&pageToken=${encodeURIComponent(String(page.nextPageToken))}`,
    );
    await walker.ok("DELETE", `${object("data/copy")}?ifMetagenerationMatch=1`);
    await walker.fails(404, "GET", object("data/copy"));
    await walker.fails(404, "DELETE", object("data/none"));
}

async function walkBucketPolicy(walker: Walker, bucket: string): Promise<void> {
    const policy = await walker.ok("GET", `${bucket}/iam?optionsRequestedPolicyVersion=3`);
    const expression = `resource.name.startsWith("projects/_/buckets/${BUCKET}/objects/data/")`;
    await walker.ok("PUT", `${bucket}/iam`, {
        ...policy,
        version: 3,
        bindings: [
            ...(policy.bindings as object[]),
            {
                role: "roles/storage.objectViewer",
                members: [`projectViewer:${PROJECT_ID}`],
                condition: { title: "data", expression },
            },
        ],
    });
    await walker.ok("GET", `${bucket}/iam`);
    await walker.fails(412, "PUT", `${bucket}/iam`, policy);
    await walker.ok(
        "GET",
        `${bucket}/iam/testPermissions?permissions=storage.objects.get&permissions=storage.buckets.get`,
    );
}

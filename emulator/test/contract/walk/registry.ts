import { walkPolicy } from "./project";
import { PROJECT_ID, REGION, type Walker } from "./walker";

const REPOSITORIES = `/v1/projects/${PROJECT_ID}/locations/${REGION}/repositories`;

/** Covers the lifecycle of a repository that contains an image. */
export async function walkRegistry(walker: Walker, dataDir: string): Promise<void> {
    const repository = `${REPOSITORIES}/images`;
    const { name } = await walker.ok("POST", `${REPOSITORIES}?repositoryId=images`, {
        format: "DOCKER",
        mode: "STANDARD_REPOSITORY",
        description: "Trainer images",
        labels: { stack: "dev" },
        cleanupPolicyDryRun: false,
        cleanupPolicies: {
            old: { id: "old", action: "DELETE", condition: { tagState: "ANY", olderThan: "2592000s" } },
            recent: { id: "recent", action: "KEEP", mostRecentVersions: { keepCount: 3 } },
        },
        dockerConfig: { immutableTags: false },
    });
    await walker.ok("GET", `/v1/${name}`);
    await walker.fails(404, "GET", `/v1/${String(name).slice(0, -1)}`);
    await walker.fails(409, "POST", `${REPOSITORIES}?repositoryId=images`, { format: "DOCKER" });
    await walker.ok("POST", `${REPOSITORIES}?repositoryId=others`, { format: "DOCKER" });
    const page = await walker.ok("GET", `${REPOSITORIES}?pageSize=1`);
    await walker.ok("GET", `${REPOSITORIES}?pageSize=1&pageToken=${encodeURIComponent(String(page.nextPageToken))}`);
    const { registryUri } = await walker.ok("GET", repository);
    await walker.ok("PATCH", `${repository}?updateMask=description,labels`, { description: "Changed", labels: {} });
    const image = { image: `${registryUri}/trainer`, folder: dataDir, content: "0" };
    const { digest } = await walker.ok("POST", "/emulator/v1/images", image);
    await walker.ok("GET", `${repository}/dockerImages?pageSize=10`);
    await walker.ok("GET", `${repository}/dockerImages/${encodeURIComponent(`trainer@${digest}`)}`);
    await walkPolicy(walker, repository, "GET", "artifactregistry.repositories.downloadArtifacts");
    await walker.ok("DELETE", `${REPOSITORIES}/others`);
    await walker.ok("DELETE", repository);
    await walker.fails(404, "GET", repository);
}

/** A Pulumi program without TypeScript that prints the resources that it registers and creates none. */
export const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const registered = [];
const made = {
    "docker:index/image:Image": { repoDigest: "registry/trainer@sha256:" + "d".repeat(64) },
    "gcp:artifactregistry/repository:Repository": { registryUri: "registry" },
    "gcp:compute/instance:Instance": { instanceId: "42" },
    "gcp:serviceaccount/account:Account": { email: "vm@my-project", member: "serviceAccount:vm@my-project" },
    "gcp:storage/bucketObject:BucketObject": { generation: 1, crc32c: "AAAAAA==" },
};
const mocks = {
    newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs });
        return { id: name + "-id", state: { ...inputs, ...made[type] } };
    },
    call: () => ({ accessToken: "token" }),
};
async function main() {
    await pulumi.runtime.setMocks(mocks, "consumer", "dev");
    const { TrainingJob } = require("gcp-trainer");
    const job = new TrainingJob("job", {
        project: "my-project",
        region: "us-central1",
        zone: "us-central1-a",
        dataset: "data.csv",
        trainer: "trainer",
        hyperparameters: { maxDepth: 3 },
    });
    await new Promise((resolve) => pulumi.output([job.modelUri, job.leftToBill]).apply(resolve));
    console.log(JSON.stringify(registered));
}
main();
`;

import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { parseImage } from "../run/image-reference";

/** An image by digest. A tag in Artifact Registry is looked up during each update, because it may move. */
export function findImage(
    text: string,
    parent: pulumi.Resource,
): Record<"reference" | "digest", pulumi.Output<string>> {
    const { name = text, digest, repository } = parseImage(text) ?? {};
    const reference =
        digest === undefined && repository
            ? gcp.artifactregistry.getDockerImageOutput(repository, { parent }).selfLink
            : pulumi.output(`${name}@${digest}`);
    return { reference, digest: reference.apply(digestOf) };
}

/** @throws Error for a reference that lacks a digest, because a tag does not identify the trainer */
export function digestOf(reference: string): string {
    // A Docker engine that cannot determine the digest reports `<none>@<none>`.
    const digest = /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];
    if (digest === undefined) {
        throw new Error(
            `The trainer's image must be in a registry and have a digest; got ${JSON.stringify(reference)}`,
        );
    }
    return digest;
}

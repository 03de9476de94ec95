import * as docker from "@pulumi/docker";
import * as gcp from "@pulumi/gcp";
import * as pulumi from "@pulumi/pulumi";
import { type Cleanup, owned, withoutLeftovers } from "../../run/cleanup";
import { copyBuildContext } from "../build-context";
import { digestOf } from "../existing-image";
import { platformOf } from "../machine-types";
import type { Job } from "../training-job-args";

export interface TrainerImageArgs
    extends Pick<Job, "project" | "region" | "trainer" | "trainerBuildArgs" | "machineType" | "kmsKey"> {
    repositoryName: string;
    labels: pulumi.Input<Record<string, string>>;
    /** The job's name; the copy of the build context is named after it. */
    component: string;
    cleanup: Cleanup;
}

/** The trainer's image, built from its folder and pushed to the job's own repository. */
export class TrainerImage extends pulumi.ComponentResource {
    readonly repository: gcp.artifactregistry.Repository;
    readonly image: docker.Image;
    /** `<registryUri>/trainer@sha256:...` */
    readonly reference: pulumi.Output<string>;
    /** `sha256:...` */
    readonly digest: pulumi.Output<string>;

    constructor(name: string, args: TrainerImageArgs, opts?: pulumi.ComponentResourceOptions) {
        super("gcp-trainer:infra:TrainerImage", name, {}, opts);
        const { project, region: location, cleanup } = args;
        this.repository = new gcp.artifactregistry.Repository(
            `${name}-repository`,
            {
                project,
                location,
                repositoryId: args.repositoryName,
                format: "DOCKER",
                description: "Trainer images of one gcp-trainer job",
                // Each build moves the tag; the untagged image left behind only costs storage.
                cleanupPolicyDryRun: false,
                cleanupPolicies: [
                    {
                        id: "delete-untagged",
                        action: "DELETE",
                        condition: { tagState: "UNTAGGED", olderThan: "604800s" },
                    },
                ],
                labels: args.labels,
                kmsKeyName: args.kmsKey || undefined,
            },
            owned(
                this,
                cleanup,
                withoutLeftovers(cleanup, { kind: "repository", project, location, name: args.repositoryName }),
            ),
        );
        const context = copyBuildContext(process.cwd(), args.trainer, {
            stack: pulumi.getStack(),
            component: args.component,
        });
        const client = gcp.organizations.getClientConfigOutput({ parent: this });
        this.image = new docker.Image(
            name,
            {
                imageName: pulumi.interpolate`${this.repository.registryUri}/trainer:current`,
                build: {
                    context,
                    dockerfile: `${context}/Dockerfile`,
                    platform: pulumi.output(args.machineType).apply(platformOf),
                    args: args.trainerBuildArgs,
                },
                // The token is new every time, but the provider ignores changes to the user name and password.
                registry: {
                    server: this.repository.registryUri.apply((uri) => uri.split("/")[0] ?? uri),
                    username: "oauth2accesstoken",
                    password: pulumi.secret(client.accessToken),
                },
                buildOnPreview: false,
                skipPush: false,
            },
            // A separate deletion would need a Docker engine, and the image is deleted with its repository anyway.
            owned(this, cleanup),
        );
        reportSlowBuild(this.image);
        this.reference = this.image.repoDigest;
        this.digest = this.reference.apply(digestOf);
        this.registerOutputs();
    }
}

/** Warns every ten minutes until the image is pushed, because the provider does not report a program that hangs. */
function reportSlowBuild(image: docker.Image): void {
    const text =
        "The image has not been built and pushed yet. If the last line shows a RUN instruction, its program may hang " +
        "because the processor is emulated: run it in a stage that starts with FROM --platform=$BUILDPLATFORM.";
    const timer = setInterval(() => void pulumi.log.warn(text, image), 10 * 60_000).unref();
    image.repoDigest.apply(() => clearInterval(timer));
}

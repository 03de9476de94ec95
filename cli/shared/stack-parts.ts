import { batchJobType, cleanupType, readyApisType, savedResultsType, trainingRunType } from "../../run/resource-types";

/** The part of a stack to which each resource type belongs. */
const PARTS: Readonly<Record<string, string>> = {
    "gcp:projects/service:Service": "APIs",
    [readyApisType]: "APIs",
    "gcp:storage/bucket:Bucket": "bucket",
    [savedResultsType]: "bucket",
    "gcp:storage/bucketObject:BucketObject": "dataset",
    "gcp:artifactregistry/repository:Repository": "image",
    "docker:index/image:Image": "image",
    "gcp:serviceaccount/account:Account": "identity",
    "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": "identity",
    "gcp:projects/iAMMember:IAMMember": "identity",
    "gcp:storage/bucketIAMMember:BucketIAMMember": "identity",
    "gcp:secretmanager/secret:Secret": "secrets",
    "gcp:secretmanager/secretVersion:SecretVersion": "secrets",
    "gcp:secretmanager/secretIamMember:SecretIamMember": "secrets",
    "gcp:pubsub/topic:Topic": "notification",
    "gcp:pubsub/subscription:Subscription": "notification",
    "gcp:pubsub/topicIAMMember:TopicIAMMember": "notification",
    "gcp:compute/network:Network": "network",
    "gcp:compute/subnetwork:Subnetwork": "network",
    "gcp:compute/firewall:Firewall": "network",
    "gcp:compute/instance:Instance": "VM",
    [cleanupType]: "cleanup",
    [batchJobType]: "job",
    [trainingRunType]: "run",
};

/** The part of a stack to which a resource belongs; for any other resource, its type as Pulumi displays it. */
export function partOf(type: string): string {
    return PARTS[type] ?? shownType(type);
}

/** `gcp:storage/bucket:Bucket` as Pulumi displays it, `gcp:storage:Bucket`. */
export function shownType(type: string): string {
    return type.replace("pulumi-nodejs:dynamic/", "").replace(/\/[^:]+/, "");
}

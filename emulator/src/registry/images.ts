import type { Collection, DocumentStore } from "../store/documents";
import { LocalFolders } from "../store/local-folders";
import type { BlobFiles, BlobUpload } from "./blob-files";

/** A manifest exactly as pushed, because its digest depends on every byte. */
export interface Manifest {
    readonly digest: string;
    readonly mediaType: string;
    readonly text: string;
    readonly uploadTime: string;
}

/** An image in a repository: `P/R/IMAGE`, where IMAGE may contain slashes. */
export interface ImageName {
    /** `P/R`. */
    readonly repository: string;
    readonly image: string;
}

/** A manifest with its image and tags, for listings. */
export interface ListedImage extends Manifest {
    readonly image: string;
    readonly tags: readonly string[];
}

/** The manifests, tags and blobs in repositories. */
export class ImageStore {
    readonly #manifests: Collection<Manifest>;
    readonly #tags: Collection<string>;
    readonly #blobs: Collection<true>;

    readonly files: BlobFiles;
    readonly folders: LocalFolders;

    constructor(documents: DocumentStore, files: BlobFiles, dataDir: string) {
        this.files = files;
        this.folders = new LocalFolders(dataDir);

        this.#manifests = documents.collection("registry/manifests");
        this.#tags = documents.collection("registry/tags");
        this.#blobs = documents.collection("registry/links");
    }

    /** Returns the manifest for a tag or digest. */
    manifest({ repository, image }: ImageName, reference: string): Manifest | undefined {
        const name = `${repository}/${image}`;
        const digest = isDigest(reference) ? reference : this.#tags.get(`${name}:${reference}`);
        return digest === undefined ? undefined : this.#manifests.get(`${name}@${digest}`);
    }

    async putManifest({ repository, image }: ImageName, manifest: Manifest, tags: readonly string[]): Promise<void> {
        const name = `${repository}/${image}`;
        const known = this.#manifests.get(`${name}@${manifest.digest}`);
        await this.#manifests.put(`${name}@${manifest.digest}`, known ?? manifest);
        for (const tag of tags) {
            await this.#tags.put(`${name}:${tag}`, manifest.digest);
        }
    }

    /** Removes a tag, or a manifest with its tags. Returns whether it existed. */
    async deleteManifest({ repository, image }: ImageName, reference: string): Promise<boolean> {
        const name = `${repository}/${image}`;
        if (!isDigest(reference)) {
            return await this.#tags.delete(`${name}:${reference}`);
        }
        for (const tag of this.#tagsOf(name, reference)) {
            await this.#tags.delete(`${name}:${tag}`);
        }
        return await this.#manifests.delete(`${name}@${reference}`);
    }

    /** Returns the tags in code-unit order, which is ASCII order for tags. */
    tags({ repository, image }: ImageName): string[] {
        const prefix = `${repository}/${image}:`;
        return this.#tags.entries().flatMap(([key]) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
    }

    /** Tests whether a repository contains a blob, so that one repository does not serve another's layers. */
    hasBlob(repository: string, digest: string): boolean {
        return this.#blobs.has(`${repository}@${digest}`);
    }

    async addBlob(repository: string, digest: string): Promise<void> {
        await this.#blobs.put(`${repository}@${digest}`, true);
    }

    /**
     * Stores an upload as a blob in a repository. The blob is registered before its file exists, so that a concurrent
     * delete in another repository does not remove the file.
     */
    async storeBlob(repository: string, upload: BlobUpload, digest: string): Promise<void> {
        const added = this.addBlob(repository, digest);
        await upload.keep(digest);
        await added;
    }

    /**
     * Removes a blob from a repository, and its file if no other repository uses it. Returns whether the repository had
     * the blob.
     */
    async deleteBlob(repository: string, digest: string): Promise<boolean> {
        const existed = await this.#blobs.delete(`${repository}@${digest}`);
        if (existed && !this.#blobs.entries().some(([key]) => key.endsWith(`@${digest}`))) {
            await this.files.delete(digest);
        }
        return existed;
    }

    list(repository: string): ListedImage[] {
        const prefix = `${repository}/`;
        return this.#manifests.entries().flatMap(([key, manifest]) => {
            if (!key.startsWith(prefix)) {
                return [];
            }
            const name = key.slice(0, key.lastIndexOf("@"));
            return [{ ...manifest, image: name.slice(prefix.length), tags: this.#tagsOf(name, manifest.digest) }];
        });
    }

    /** Removes all content from a repository. */
    async deleteRepository(repository: string): Promise<void> {
        for (const collection of [this.#manifests, this.#tags, this.#blobs]) {
            for (const [key] of collection.entries()) {
                if (key.startsWith(`${repository}/`) || key.startsWith(`${repository}@`)) {
                    await collection.delete(key);
                }
            }
        }
        const used = new Set(this.#blobs.entries().map(([key]) => key.slice(key.lastIndexOf("@") + 1)));
        await this.files.sweep((digest) => used.has(digest));
        await this.folders.sweep((digest) => used.has(digest));
    }

    #tagsOf(name: string, digest: string): string[] {
        const prefix = `${name}:`;
        return this.#tags
            .entries()
            .flatMap(([key, value]) => (value === digest && key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
    }
}

/** Tests whether a reference is a digest. A tag cannot contain a colon. */
function isDigest(reference: string): boolean {
    return reference.includes(":");
}

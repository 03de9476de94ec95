import type { BlobFiles, BlobUpload } from "./blob-files";

/** Blob uploads that are under way, by their id. */
export class Uploads {
    readonly #uploads = new Map<string, BlobUpload>();

    readonly #files: BlobFiles;

    constructor(files: BlobFiles) {
        this.#files = files;
    }

    begin(): BlobUpload {
        const upload = this.#files.begin();
        this.#uploads.set(upload.id, upload);
        return upload;
    }

    get(id: string): BlobUpload | undefined {
        return this.#uploads.get(id);
    }

    /** The upload is finished or cancelled. */
    forget(upload: BlobUpload): void {
        this.#uploads.delete(upload.id);
    }
}

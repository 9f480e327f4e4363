# One image for all services and the operators' commands; docker/run.sh chooses by the first argument.
#
#   docker build -t parley .
#   docker run --rm parley --help

ARG NODE_IMAGE=node:22-bookworm-slim

# The manifests alone: as long as they stay the same, so do the installed packages of the stages below.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /src
COPY . .
RUN mkdir /manifests \
 && find . -name node_modules -prune -o \( -name package.json -o -name package-lock.json -o -name .npmrc \) -print0 \
  | xargs -0 cp --parents -t /manifests

# What runs in production. No package needs its install script: lmdb comes with its binary in an optional package.
FROM ${NODE_IMAGE} AS production
WORKDIR /app
COPY --from=manifests /manifests ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY --from=manifests /manifests ./
RUN npm ci --ignore-scripts
COPY . .
RUN node scripts/build.mjs \
 && mkdir /compiled \
 && find libs services cli -name node_modules -prune -o -type d -name dist -prune -print0 \
  | xargs -0 cp -r --parents -t /compiled

FROM ${NODE_IMAGE}
# A volume that is mounted here for the first time takes over the folder's owner.
RUN mkdir /data && chown node:node /data
ENV NODE_ENV=production \
    DATA_DIR=/data
WORKDIR /app
# node_modules/@parley/* are links to libs/* and services/*, which both copies fill.
COPY --from=production /app ./
COPY docker ./docker
COPY --from=build /compiled ./
USER node
ENTRYPOINT ["/app/docker/run.sh"]
CMD ["--help"]

"""Journey events whose fate is not plain from a reply."""
